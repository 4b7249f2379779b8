import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { AUDIT_LOG, verifyAudit } from '../../../gateway/audit/audit.ts'
import { setWeight } from '../../../gateway/config/edits.ts'
import { startProcess } from '../../support/process.ts'
import { ALICE, configText, type Folder, freshFolder, openStore, weightsOf } from './support.ts'

const MAIN = fileURLToPath(new URL('change-process.ts', import.meta.url))

/** Of one change, in order. */
const OPERATIONS = ['write', 'create', 'write', 'append', 'move', 'move', 'end']
/** What has to be on the disk for the change to be made after all. */
const MADE_AFTER = OPERATIONS.indexOf('append') + 1

async function prepared(): Promise<Folder> {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(10))
  const { store } = await openStore(folder)
  store.close()
  return folder
}

async function changeIn({ file, directory }: Folder, env: Record<string, string>) {
  const running = await startProcess({
    name: 'the change',
    args: [MAIN],
    env: { FILE: file, DIRECTORY: directory, ...env }
  })
  const { signal } = await running.exited
  return { signal, lines: running.lines() }
}

/** The state as a restart finds and leaves it: all of the change or nothing, and the next change goes through. */
async function expectResumed(folder: Folder, isMade: boolean): Promise<void> {
  const { store, audit } = await openStore(folder)
  expect([store.current.number, weightsOf(store), store.problems]).toEqual([isMade ? 2 : 1, [isMade ? 50 : 10, 0], []])
  expect(await readFile(folder.file, 'utf8')).toBe(configText(isMade ? 50 : 10))
  expect(await readdir(folder.path)).toEqual(['routing.config.json', 'state'])
  expect((await store.history.list({ limit: 9 })).map(({ number }) => number)).toEqual(isMade ? [2, 1] : [1])
  const entries = await audit.entries({ limit: 9 })
  expect(entries.map(({ revision }) => revision?.to)).toEqual(isMade ? [2, 1] : [1])

  const { number } = store.current
  const next = await store.change({ expected: number, edit: setWeight(['b'], 5), actor: ALICE, reason: 'next' })
  expect(next).toMatchObject({ outcome: 'applied', revision: { number: number + 1 } })
  const verdict = await verifyAudit(join(folder.directory, AUDIT_LOG))
  expect(verdict).toMatchObject({ ok: true, entries: number + 1 })
}

test('a change that nothing interrupts takes the operations that the others are killed at', async () => {
  const folder = await prepared()
  const { lines } = await changeIn(folder, {})
  expect(lines.map(line => JSON.parse(line) as unknown)).toEqual([{ outcome: 'applied', operations: OPERATIONS }])
  await expectResumed(folder, true)
})

test.each(OPERATIONS.map((operation, index) => ({ operation, at: index + 1 })))(
  'killed before operation $at of a change, $operation, it is whole after the restart',
  async ({ at }) => {
    const folder = await prepared()
    const { signal } = await changeIn(folder, { KILL_BEFORE: String(at) })
    expect(signal).toBe('SIGKILL')
    await expectResumed(folder, at > MADE_AFTER)
  }
)

test('killed in the middle of an audit entry, the half is cut off and the change is not made', async () => {
  const folder = await prepared()
  await changeIn(folder, { KILL_AT: String(OPERATIONS.indexOf('append') + 1) })
  const log = join(folder.directory, AUDIT_LOG)
  expect(await verifyAudit(log)).toEqual({
    ok: false,
    line: 2,
    problem: 'the entry is cut off: a write was interrupted, or it was cut'
  })
  await expectResumed(folder, false)
  expect(folder.log).toContainEqual({
    level: 'error',
    bindings: { line: 2 },
    message: 'half an audit entry, left by a crash, was cut off'
  })
})

test('an edit by hand after the crash wins over the change that was not in the file yet', async () => {
  const folder = await prepared()
  await changeIn(folder, { KILL_BEFORE: String(OPERATIONS.length - 1) })
  await writeFile(folder.file, configText(11))
  const { store, audit } = await openStore(folder)
  expect([store.current.number, weightsOf(store)]).toEqual([3, [11, 0]])
  const [entry] = await audit.entries({ limit: 1 })
  expect(entry).toMatchObject({
    actor: { kind: 'file' },
    revision: { from: 2, to: 3 },
    changes: [{ path: '/routes/a/weight', from: 50, to: 11 }]
  })
  expect(await readdir(folder.path)).toEqual(['routing.config.json', 'state'])
})
