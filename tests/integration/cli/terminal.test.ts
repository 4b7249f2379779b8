import { afterAll, beforeAll, expect, test } from 'vitest'
import { inTerminal, plain, type Scene, startScene } from './support.ts'

const CTRL_C = '\u0003'
const HIDES_CURSOR = '\u001B[?25l'
const SHOWS_CURSOR = '\u001B[?25h'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

test('above 50 % it shows the plan and asks; a no, or Ctrl-C, does nothing', async () => {
  const args = ['set', 'notes', '75', '--reason', 'agreed']
  const no = await inTerminal(args, scene.env, [['Go on?', 'n\r']])
  expect(no.code).toBe(1)
  expect(plain(no.output)).toMatch(/notes\.list +0 % +→ +75 % +0 callers +nobody/)
  expect(plain(no.output)).toContain('set the group notes (4 routes) to 75 %: 4 routes would rise above 50 %. Go on?')
  expect(plain(no.output)).toMatch(/gateway: nothing was done\r?\n/)
  const left = await inTerminal(args, scene.env, [['Go on?', CTRL_C]])
  expect(left.code).toBe(1)
  expect(plain(left.output)).toMatch(/gateway: nothing was done\r?\n/)

  const yes = await inTerminal(args, scene.env, [['Go on?', 'y\r']])
  expect(yes.code).toBe(0)
  expect(plain(yes.output)).toContain('Set the group notes (4 routes): 0 % → 75 %. It is idle at 75 %. Revision 1 → 2.')
})

test('a change that came while it asked makes it stale', async () => {
  const done = await inTerminal(['set', 'users', '60', '--reason', 'x'], scene.env, [
    ['Go on?', type => void scene.run('set', 'notes', '5').then(() => type('y\r'))]
  ])
  expect(done.code).toBe(1)
  expect(plain(done.output)).toContain('nothing was done: made for an older revision, and revision 3 serves')
  expect(plain(done.output)).toMatch(/notes\.list +weight +75 % +→ +5 %/)
})

test('a reason that is missing is asked for', async () => {
  const done = await inTerminal(['set', 'ai', '10'], scene.env, [['Why? ', 'a trial\r']])
  expect(done.code).toBe(0)
  const history = await scene.run('history', '--limit', '1', '--json')
  expect(history.json()).toMatchObject([{ reason: 'a trial' }])
  const none = await inTerminal(['set', 'ai', '20'], scene.env, [['Why? ', '\r']])
  expect(none.code).toBe(2)
})

test('colours are shown on a terminal, and not with NO_COLOR', async () => {
  const green = '\u001B[32m'
  expect((await inTerminal(['status'], scene.env, [])).output).toContain(green)
  expect((await inTerminal(['status'], { ...scene.env, NO_COLOR: '1' }, [])).output).not.toContain(green)
})

test('watch draws a table anew in its place, with every event, and gives the cursor back at Ctrl-C', async () => {
  const done = await inTerminal(['watch'], scene.env, [
    ['Ctrl-C ends', () => void scene.run('set', 'transcripts', '33', '--reason', 'x')],
    ['33 %  2 of 5', CTRL_C]
  ])
  expect(done.code).toBe(0)
  expect(plain(done.output)).toMatch(/route +weight +step +phase +requests +errors n\|l +p95 n\|l +verdict +breaker/)
  expect(plain(done.output)).toMatch(
    /transcripts\.get +33 % +2 of 5 +idle +0\/s +– \| – +– \| – +(waiting|error|–) +closed/
  )
  expect(done.output.lastIndexOf(SHOWS_CURSOR)).toBeGreaterThan(done.output.lastIndexOf(HIDES_CURSOR))
})
