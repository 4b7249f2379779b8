import type { NewCredential } from '../../admin/schemas.ts'
import type { Context } from '../context.ts'
import { time } from '../output/format.ts'
import { tableOf } from '../output/table.ts'

interface WriteOptions {
  readonly dryRun?: boolean
}

export async function list(context: Context): Promise<void> {
  const client = await context.client()
  const credentials = await client.credentials()
  context.show(credentials, paint => {
    const rows = credentials.map(({ name, role, created, temporary }) => [
      paint('cyan', name),
      role,
      time(created),
      temporary ? paint('yellow', 'ends after a day, or with the next operator credential') : ''
    ])
    return tableOf([{ name: 'name' }, { name: 'role' }, { name: 'created' }, { name: '' }], rows, paint)
  })
}

/** The credential itself goes to stdout, alone on its line: `gateway credentials create ci --role viewer > file`. */
export async function create(context: Context, wanted: NewCredential, { dryRun = false }: WriteOptions): Promise<void> {
  const { name, role } = wanted
  const client = await context.client()
  if (dryRun) {
    context.show({ dryRun: true, name, role }, () => `Would make a credential "${name}" of the role ${role}.`)
    return
  }
  const created = await client.createCredential(wanted)
  const undo = `gateway credentials delete ${name}`
  if (!context.isJson) {
    context.note(() => `Made the ${role} credential "${name}". It is shown this once. Undo: ${undo}`)
  }
  context.show({ ...created, undo }, () => created.credential)
}

export async function remove(context: Context, name: string, { dryRun = false }: WriteOptions): Promise<void> {
  const client = await context.client()
  if (dryRun) {
    context.show({ dryRun: true, name }, () => `Would delete the credential "${name}".`)
    return
  }
  await client.deleteCredential(name)
  const text = `Deleted the credential "${name}": it works no more. There is no undo; make a new one.`
  context.show({ name, deleted: true }, () => text)
}
