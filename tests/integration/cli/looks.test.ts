import { Value } from '@sinclair/typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AuditEntriesSchema, ExplanationSchema, RevisionsSchema, RoutesSchema } from '../../../gateway/admin/schemas.ts'
import { call } from '../gateway/support.ts'
import { type Scene, startScene } from './support.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({
    weights: { 'notes.list': 10, 'notes.create': 10, 'notes.update': 10, 'notes.delete': 10 }
  })
  await call(scene.gateway.url, '/api/notes/65f0c0ffee65f0c0ffee65f0')
})
afterAll(() => scene.stop())

test('status', async () => {
  const done = await scene.run('status')
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout).toMatch(new RegExp(`^gateway +0.1.0 at ${scene.gateway.adminUrl}, not ready$`, 'm'))
  expect(done.stdout).toMatch(/^weights +22 at 0 %, 4 between, 0 at 100 %, 0 killed$/m)
  expect(done.stdout).toMatch(/^database +failing: /m)
  const json = await scene.run('status', '--json')
  expect(json.json()).toMatchObject({ revision: { number: 1 }, readiness: { status: 'not ready' } })
})

test('routes: all, and one with what it waits for', async () => {
  const done = await scene.run('routes')
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout).toMatch(/^Revision 1, 28 routes\.$/m)
  expect(done.stdout).toMatch(/^notes\.list +notes +10 % +\d+ % +1 request +idle +closed +–$/m)
  expect(done.stdout).toMatch(/^v1 +v1 +native only/m)
  // oxlint-disable-next-line no-control-regex -- a pipe gets no colours
  expect(done.stdout).not.toMatch(/\u001B/)

  const json = (await scene.run('routes', '--json')).json()
  expect(Value.Check(RoutesSchema, json)).toBe(true)

  const one = await scene.run('routes', 'notes.list')
  expect(one.stdout).toMatch(/^paths +\/api\/notes\/:consultationId$/m)
  expect(one.stdout).toMatch(/^decided by +weight 1 request in the last hour$/m)
  expect(one.stdout).toMatch(/^rollout +notes: notes\.create, notes\.list, notes\.update, notes\.delete$/m)

  const unknown = await scene.run('routes', 'notes.lst', '--json')
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
  expect(unknown.error()).toMatchObject({ error: 'unknown', message: expect.stringContaining('"notes.list"') })
})

test('explain tells every rule, for a user and for an address', async () => {
  const done = await scene.run('explain', 'get', '/api/notes/65f0c0ffee65f0c0ffee65f0', '--as', 'u1')
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout).toMatch(/^GET \/api\/notes\/65f0c0ffee65f0c0ffee65f0 goes to (native|legacy): the bucket /)
  expect(done.stdout).toMatch(/^caller +user:u1, bucket [\d]+ of 10,000$/m)
  expect(done.stdout).toMatch(/^native +for the buckets below 1000$/m)
  expect(done.stdout).toMatch(/^→ +weight +the bucket /m)
  expect(done.stdout).toMatch(/^ +cohort +"notes\.list" has no cohort$/m)

  const asked = ['--address', '203.0.113.9', '--header', 'x-gateway-target: native']
  const json = (await scene.run('explain', 'GET', '/api/notes/1', ...asked, '--json')).json()
  expect(Value.Check(ExplanationSchema, json)).toBe(true)
  expect(json).toMatchObject({
    caller: 'addr:203.0.113.9',
    rules: expect.arrayContaining([{ rule: 'override', applies: false, why: expect.stringContaining('it is ignored') }])
  })
  const wrong = await scene.run('explain', 'GET', 'api/notes')
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('a path that begins with /') })
})

test('history, diff and audit tell a change by who, what and why', async () => {
  await scene.run('set', 'prompts', '5', '--reason', 'a trial')
  const history = await scene.run('history', '--limit', '1')
  expect(history).toMatchObject({ code: 0, stderr: '' })
  expect(history.stdout).toMatch(
    /^ +2 +\d{4}-\d\d-\d\d [\d:]+ UTC +operator first-start +weight 0 % → 5 % of prompts\.create, prompts\.list and 3 more +a trial$/m
  )
  expect(history.stdout.split('\n')).toHaveLength(2)
  const older = (await scene.run('history', '--before', '2', '--json')).json()
  expect(Value.Check(RevisionsSchema, older)).toBe(true)
  expect(older).toMatchObject([{ number: 1 }])

  const diff = await scene.run('diff', '1')
  expect(diff.stdout).toMatch(/^From revision 1 to 2: 5 fields\.$/m)
  expect(diff.stdout).toMatch(/^prompts\.link +weight +0 % +→ +5 %$/m)
  const back = await scene.run('diff', '2', '1', '--json')
  expect(back.json()).toMatchObject({ from: 2, to: 1, changes: [{ from: 5, to: 0 }, {}, {}, {}, {}] })
  const unknown = await scene.run('diff', '1', '99')
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching(/^gateway: .*revision .*99/) })

  const audit = await scene.run('audit', '--limit', '1')
  expect(audit.stdout).toMatch(/^ +\d+ +\S+ \S+ UTC +operator first-start +config\.change +1 → 2 +weight .* +a trial$/m)
  const entries = (await scene.run('audit', 'list', '--route', 'prompts.link', '--json')).json()
  expect(Value.Check(AuditEntriesSchema, entries)).toBe(true)
  expect(entries).toMatchObject([{ reason: 'a trial', revision: { from: 1, to: 2 } }])
})
