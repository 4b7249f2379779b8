import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { AUDIT_LOG, verifyAudit } from '../../../gateway/audit/audit.ts'
import { durableFiles } from '../../../gateway/storage/files.ts'
import { manualClock } from '../../support/clock.ts'
import { startProcess } from '../../support/process.ts'
import { configText, type Folder, freshFolder, weightsOf } from '../config/support.ts'
import { openRollouts, second } from './state.ts'

const MAIN = fileURLToPath(new URL('rollout-process.ts', import.meta.url))

/** The state is stored, the configuration changed, the state stored again. */
const STORED = ['write', 'move']
const OPERATIONS = [...STORED, 'write', 'create', 'write', 'append', 'move', 'move', ...STORED, 'end']
/** Killed before an operation up to this one, nothing was decided yet. */
const DECIDED_AFTER = STORED.length

async function runIn({ file, directory }: Folder, env: Record<string, string>) {
  const running = await startProcess({
    name: 'the rollout',
    args: [MAIN],
    env: { FILE: file, DIRECTORY: directory, ...env }
  })
  const { signal } = await running.exited
  return { signal, lines: running.lines('stdout'), errors: running.lines('stderr') }
}

/** As the next process does. */
async function reopened(folder: Folder) {
  const clock = manualClock()
  clock.advance(60_000)
  const opened = await openRollouts(folder, durableFiles, clock)
  onTestFinished(async () => {
    opened.store.close()
    await opened.controller.close()
  })
  await second(opened)
  const status = opened.controller.status().find(({ group }) => group === 'a')
  if (status === undefined) throw new Error('the group of a is gone')
  return { ...opened, status }
}

/** A folder in which nothing was begun, or in which the rollout of a stands at its first step. */
async function prepared(scenario: string): Promise<Folder> {
  const folder = await freshFolder()
  await writeFile(folder.file, configText(0))
  if (scenario === 'rollback') await runIn(folder, { SCENARIO: 'start' })
  else {
    const { store, controller } = await openRollouts(folder, durableFiles)
    store.close()
    await controller.close()
  }
  return folder
}

/** Of the route a, oldest first: what it was set to. */
async function auditedWeights(folder: Folder): Promise<unknown[]> {
  const { audit } = await reopened(folder)
  const entries = await audit.entries({ limit: 99, route: 'a', actions: ['config.change'] })
  return entries.toReversed().flatMap(({ changes }) => changes.map(({ to }) => to))
}

async function expectResumed(folder: Folder, scenario: string, isDecided: boolean): Promise<void> {
  const { status, store } = await reopened(folder)
  const hasStarted = scenario === 'rollback' || isDecided
  const isBack = scenario === 'rollback' && isDecided
  const phase = isBack ? 'rolled-back' : hasStarted ? 'progressing' : 'idle'
  const weight = phase === 'progressing' ? 10 : 0
  expect(status).toMatchObject({ phase, weight, desiredWeight: weight, step: (hasStarted ? 1 : 0) + (isBack ? 1 : 0) })
  expect(weightsOf(store)).toEqual([weight, 0])
  // Once each, however often it was asked for.
  expect(await auditedWeights(folder)).toEqual([...(hasStarted ? [10] : []), ...(isBack ? [0] : [])])
  expect(await verifyAudit(join(folder.directory, AUDIT_LOG))).toMatchObject({ ok: true })
}

const SCENARIOS = ['start', 'rollback']

test.each(SCENARIOS)('a %s that nothing interrupts takes the operations that the others are killed at', async name => {
  const folder = await prepared(name)
  const { lines, errors } = await runIn(folder, { SCENARIO: name })
  expect([lines.map(line => JSON.parse(line) as unknown), errors]).toEqual([[OPERATIONS], []])
  await expectResumed(folder, name, true)
})

test.each(
  SCENARIOS.flatMap(scenario => OPERATIONS.map((operation, index) => ({ scenario, operation, at: index + 1 })))
)('killed before operation $at of a $scenario, $operation, it goes on where it stood', async ({ scenario, at }) => {
  const folder = await prepared(scenario)
  const { signal } = await runIn(folder, { SCENARIO: scenario, KILL_BEFORE: String(at) })
  expect(signal).toBe('SIGKILL')
  await expectResumed(folder, scenario, at > DECIDED_AFTER)
})

test.each([35, 0])('a weight that somebody set to %i after the crash is not put back', async weight => {
  const folder = await prepared('start')
  // The weight was changed, and the state not stored yet.
  await runIn(folder, { KILL_BEFORE: String(OPERATIONS.length - STORED.length) })
  await writeFile(folder.file, configText(weight))
  const { status, store } = await reopened(folder)
  expect(status).toMatchObject({ phase: 'idle', weight, desiredWeight: weight })
  expect(weightsOf(store)).toEqual([weight, 0])
})
