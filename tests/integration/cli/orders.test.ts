import { afterAll, beforeAll, expect, test } from 'vitest'
import shipped from '../../../routing.config.json' with { type: 'json' }
import { type Scene, startScene } from './support.ts'

let scene: Scene
beforeAll(async () => {
  // Without a database native's health fails, and a rollout would take itself back.
  const rollout = { guardrails: { health: { enabled: false } } }
  scene = await startScene({ config: { defaults: { ...shipped.defaults, rollout } } })
})
afterAll(() => scene.stop())

test('set tells from what to what, which revision, and the undo, which works', async () => {
  const done = await scene.run('set', 'notes.list', '25%', '--reason', 'first clinics')
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout.split('\n')).toEqual([
    '✓ Set the group notes (4 routes): 0 % → 25 %. It is idle at 25 %. Revision 1 → 2.',
    'Undo: gateway set notes 0'
  ])
  const undone = await scene.run('set', 'notes', '0', '--json')
  expect(undone.json()).toMatchObject({
    done: expect.stringContaining('25 % → 0 %'),
    from: 2,
    to: 3,
    changes: expect.arrayContaining([{ path: '/routes/notes.list/weight', from: 25, to: 0 }]),
    undo: "gateway set notes 25 --reason '…'",
    rollout: { group: 'notes', weight: 0 }
  })
  const again = await scene.run('set', 'notes', '0')
  expect(again).toMatchObject({ code: 1, stdout: '', stderr: 'gateway: It stands at 0 % already.' })
})

test('what is missing or not there changes nothing', async () => {
  const before = await scene.revision()
  const reason = await scene.run('set', 'notes', '10')
  expect(reason).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining("give --reason 'why'") })
  const start = await scene.run('start', 'notes', '--json')
  expect(start.code).toBe(2)
  expect(start.error()).toMatchObject({ error: 'usage' })
  const unknown = await scene.run('set', 'nodes', '10', '--reason', 'x')
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "notes"?') })
  const unasked = await scene.run('set', 'notes', '50.01', '--reason', 'x')
  expect(unasked).toMatchObject({ code: 1, stdout: '' })
  expect(unasked.stderr).toContain('4 routes would rise above 50 %, and nobody can be asked')
  expect(await scene.revision()).toBe(before)
})

test('a dry run shows what would change and who would move, and changes nothing', async () => {
  const before = await scene.revision()
  const done = await scene.run('set', 'prompts', '75', '--dry-run')
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout).toMatch(/^Plan, for revision \d+: set the group prompts \(5 routes\) to 75 %\.$/m)
  expect(done.stdout).toMatch(/^prompts\.link +0 % +→ +75 % +0 callers +nobody$/m)
  expect(done.stdout).toMatch(/Nothing was done. To do it, give a --reason\.$/)
  const plan = await scene.run('plan', 'set', 'prompts', '75', '--json')
  expect(plan.json()).toMatchObject({
    dryRun: true,
    reasonRequired: true,
    routes: [{ to: { weight: 75 } }, {}, {}, {}, {}]
  })
  for (const verb of ['start', 'pause', 'resume', 'promote', 'rollback']) {
    const each = await scene.run(verb, 'prompts', '--dry-run')
    expect(each).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was done.') })
  }
  expect(await scene.revision()).toBe(before)
})

test('a rollout is started, paused, resumed, promoted and rolled back', async () => {
  const refused = await scene.run('promote', 'users', '--reason', 'x')
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: 'gateway: No rollout is running. Start one.' })

  const start = await scene.run('start', 'users', '--reason', 'contract tests pass')
  expect(start.stdout).toMatch(
    /^✓ Started the rollout of the group users \(5 routes\): 0 % → 10 %\. It is progressing at 10 %, next step 25 %\. Revision \d+ → \d+\.\nUndo: gateway set users 0$/
  )
  const pause = await scene.run('pause', 'users')
  expect(pause.stdout).toMatch(/It is paused at 10 %\. Revision \d+ stays\.\nUndo: gateway resume users --reason '…'$/)
  const resume = await scene.run('resume', 'users', '--reason', 'go on')
  expect(resume.stdout).toMatch(/It is progressing at 10 %.*\nUndo: gateway pause users$/)
  const promote = await scene.run('promote', 'users.login', '--reason', 'good')
  expect(promote.stdout).toMatch(/^✓ Promoted the group users \(5 routes\): 10 % → 25 %\./)
  const unasked = await scene.run('promote', 'users', '--full', '--reason', 'good')
  expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining('would rise above 50 %') })
  const full = await scene.run('promote', 'users', '--full', '--reason', 'good', '--yes')
  expect(full.stdout).toMatch(/25 % → 100 %\. .*\nUndo: gateway set users 25 --reason '…'$/)

  const rollback = await scene.run('rollback', 'users')
  expect(rollback).toMatchObject({ code: 0, stderr: '' })
  expect(rollback.stdout).toMatch(
    /^✓ Rolled back the group users \(5 routes\): 100 % → 0 %\. It is rolled-back at 0 %\. Revision \d+ → \d+\.\nUndo: gateway set users 100 --reason '…'$/
  )
  await scene.run('set', 'users', '5', '--reason', 'again')
  const json = (await scene.run('rollback', 'users', '--json')).json()
  expect(json).toMatchObject({
    changes: [{ path: '/routes/users.check-email/weight', from: 5, to: 0 }, {}, {}, {}, {}]
  })
  const twice = await scene.run('rollback', 'users', '--json')
  expect(twice).toMatchObject({ code: 1, stdout: '' })
  expect(twice.error()).toEqual({ error: 'refused', message: 'It stands at 0 % already.' })
})

test('a change for an older revision is refused, and tells what changed since', async () => {
  await scene.run('set', 'ai', '5', '--reason', 'a trial')
  const done = await scene.run('set', 'ai', '3', '--revision', '1')
  expect(done).toMatchObject({ code: 1, stdout: '' })
  expect(done.stderr).toMatch(/^gateway: nothing was done: made for an older revision, and revision \d+ serves$/m)
  expect(done.stderr).toMatch(/^ai\.search +weight +0 % +→ +5 %$/m)
  const json = await scene.run('rollback', 'ai', '--revision', '1', '--json')
  expect(json.code).toBe(1)
  expect(json.error()).toMatchObject({ error: 'stale', current: expect.any(Number), changes: expect.any(Array) })
})
