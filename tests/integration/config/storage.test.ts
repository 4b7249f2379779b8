import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { AUDIT_LOG, verifyAudit } from '../../../gateway/audit/audit.ts'
import { setWeight } from '../../../gateway/config/edits.ts'
import type { ConfigStore } from '../../../gateway/config/store.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'
import { startProcess } from '../../support/process.ts'
import { ALICE, configText, type Folder, freshFolder, openStore, weightsOf } from './support.ts'

const MAIN = fileURLToPath(new URL('change-process.ts', import.meta.url))

/** Of a file: 20 KiB, enough for everything but the audit. */
const LIMIT_BLOCKS = 40
/** Of `ulimit -f`, by POSIX. */
const BLOCK_BYTES = 512
const ROOM_BYTES = 100

const raise = (store: ConfigStore) =>
  store.change({ expected: store.current.number, edit: setWeight(['a'], 50), actor: ALICE, reason: 'as planned' })

/** Files of a disk that fails operations from one on, counted from 1 when it is told to: that one, or all until told. */
function failingFiles() {
  let left = Number.POSITIVE_INFINITY
  let isFull = false
  const guarded =
    <A extends unknown[]>(operation: (...args: A) => Promise<void>) =>
    async (...args: A) => {
      left -= 1
      if (left === 0 || (left < 0 && isFull))
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'write' })
      await operation(...args)
    }
  const files: Files = {
    ...durableFiles,
    create: guarded((file: string, text: string) => durableFiles.create(file, text)),
    write: guarded((file: string, text: string, mode?: number) => durableFiles.write(file, text, mode)),
    append: guarded((file: string, text: string) => durableFiles.append(file, text)),
    move: guarded((from: string, to: string) => durableFiles.move(from, to))
  }
  const failAt = (operation: number, until: 'once' | 'told' = 'once') => {
    left = operation
    isFull = until === 'told'
  }
  return { files, failAt, recover: () => failAt(Number.POSITIVE_INFINITY) }
}

async function expectUntouched({ path, file, directory }: Folder, store: ConfigStore): Promise<void> {
  expect([store.current.number, weightsOf(store)]).toEqual([1, [10, 0]])
  expect(await readFile(file, 'utf8')).toBe(configText(10))
  expect(await readdir(path)).toEqual(['routing.config.json', 'state'])
  expect(await readdir(join(directory, 'revisions'))).toEqual(['000001.json'])
}

// The operations of a change: the file's next text, the history, the audit's next head, the audit, its head, the file.
test.each([1, 2, 3, 4, 6])(
  'operation %i of a change fails: nothing changes, and then it works again',
  async operation => {
    const folder = await freshFolder()
    await writeFile(folder.file, configText(10))
    const { files, failAt } = failingFiles()
    const { store, audit } = await openStore(folder, { files })
    failAt(operation)
    expect(await raise(store)).toEqual({
      outcome: 'refused',
      message: 'changes of the configuration cannot be recorded (ENOSPC in write)'
    })
    await expectUntouched(folder, store)
    expect(store.unrecordable).toContain('ENOSPC')

    expect(await raise(store)).toMatchObject({ outcome: 'applied' })
    expect([store.unrecordable, weightsOf(store)]).toEqual([undefined, [50, 0]])
    const entries = await audit.entries({ limit: 9 })
    // What was audited before the file could not be replaced is said not to have been made; its number is gone.
    expect(entries.map(({ action, revision }) => `${action} ${revision?.from} ${revision?.to}`)).toEqual(
      operation === 6
        ? ['config.change 1 3', 'config.undo 1 2', 'config.change 1 2', 'config.change 0 1']
        : ['config.change 1 2', 'config.change 0 1']
    )
    expect(await verifyAudit(join(folder.directory, AUDIT_LOG))).toMatchObject({ ok: true })
  }
)

test('a head of the audit that cannot be moved leaves the change made, and the chain whole', async () => {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(10))
  const { files, failAt } = failingFiles()
  const { store } = await openStore(folder, { files })
  failAt(5)
  expect(await raise(store)).toMatchObject({ outcome: 'applied' })
  expect(await verifyAudit(join(folder.directory, AUDIT_LOG))).toMatchObject({ ok: true, entries: 2 })
})

test('an edit by hand that cannot be recorded is refused, told, and taken over when it can', async () => {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(10))
  const { files, failAt, recover } = failingFiles()
  const { store } = await openStore(folder, { files })
  failAt(1, 'told')
  await writeFile(folder.file, configText(50))
  await store.reload()
  expect([store.current.number, weightsOf(store), store.lastReload.successful]).toEqual([1, [10, 0], false])
  expect(store.problems.map(({ message }) => message)).toEqual([
    'routing.config.json:1:1 /: found an edit, but changes of the configuration cannot be recorded (ENOSPC in write), ' +
      'expected a state directory with room and the right to write'
  ])
  await store.reload()
  expect(folder.log.filter(({ message }) => message.startsWith('routing configuration refused'))).toHaveLength(1)
  recover()
  await store.reload()
  expect([store.current.number, weightsOf(store), store.problems]).toEqual([2, [50, 0], []])
})

test('without a state directory the file serves as it is, no change is made, and then it works', async () => {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(10))
  // A file where the directory should be keeps root out as well.
  await writeFile(folder.directory, 'in the way')
  const { store } = await openStore(folder)
  expect([store.current.number, weightsOf(store), store.problems]).toEqual([1, [10, 0], []])
  expect(store.unrecordable).toMatch(/^changes of the configuration cannot be recorded \(\w+ in mkdir of state\)$/)
  expect(await raise(store)).toEqual({ outcome: 'refused', message: store.unrecordable })
  await writeFile(folder.file, configText(11))
  await store.reload()
  expect([weightsOf(store), store.problems.length]).toEqual([[10, 0], 1])
  await writeFile(folder.file, configText(10))
  await store.reload()
  expect(store.problems).toEqual([])
  expect(folder.log.filter(({ message }) => message.endsWith('are refused'))).toHaveLength(1)

  await rm(folder.directory)
  expect(await raise(store)).toMatchObject({ outcome: 'applied', revision: { number: 2 } })
  expect((await store.history.list({ limit: 9 })).map(({ number, actor }) => [number, actor.kind])).toEqual([
    [2, 'operator'],
    [1, 'system']
  ])
})

test('edited while it was stopped, and then no room: the last recorded revision serves', async () => {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(10))
  const { store: first } = await openStore(folder)
  first.close()
  await writeFile(folder.file, configText(90))
  const { files, failAt } = failingFiles()
  failAt(2)
  const { store } = await openStore(folder, { files })
  expect([store.current.number, weightsOf(store), store.problems.length]).toEqual([1, [10, 0], 1])
  await store.reload()
  expect([store.current.number, weightsOf(store), store.problems]).toEqual([2, [90, 0], []])
})

test('a disk that takes only half of an audit entry has nothing of the change', async () => {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(10))
  const { store: first, audit } = await openStore(folder)
  const log = join(folder.directory, AUDIT_LOG)
  const size = async () => (await stat(log)).size
  const fill = (length: number) =>
    audit.append({ actor: ALICE, action: 'note.fill', routes: [], changes: [], reason: 'x'.repeat(length) })
  const empty = await size()
  await fill(0)
  const overhead = (await size()) - empty
  // Room is left for less than the entry of a change.
  await fill(LIMIT_BLOCKS * BLOCK_BYTES - (await size()) - overhead - ROOM_BYTES)
  first.close()
  const before = await readFile(log, 'utf8')

  const [printed = ''] = (await run(folder, `ulimit -f ${LIMIT_BLOCKS}; exec "$0" "${MAIN}"`)).slice(-1)
  expect(JSON.parse(printed)).toMatchObject({ outcome: 'refused', message: expect.stringContaining('EFBIG') })
  expect(await readFile(log, 'utf8')).toBe(before)
  await expectUntouched(folder, first)

  const { store } = await openStore(folder)
  expect(await raise(store)).toMatchObject({ outcome: 'applied' })
  expect(await verifyAudit(log)).toMatchObject({ ok: true })
})

async function run({ file, directory }: Folder, script: string): Promise<string[]> {
  const running = await startProcess({
    name: 'the change',
    command: 'sh',
    args: ['-c', script, process.execPath],
    env: { FILE: file, DIRECTORY: directory }
  })
  await running.exited
  return running.lines()
}
