import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuditEntriesSchema, VerdictSchema } from '../../../gateway/admin/schemas.ts'
import { call, get, type Scene, startScene } from './support.ts'

async function withChanges(): Promise<Scene> {
  const scene = await startScene()
  await call(scene, 'POST /api/rollouts/things/start', { body: { reason: 'the plan of the week' } })
  await call(scene, 'POST /api/rollouts/things/pause', { body: { reason: 'lunch' } })
  await call(scene, 'PUT /api/kill-switch', { body: { on: true, reason: 'a fault' } })
  return scene
}

test('who, when, from what to what, and why; by route, actor and action, a page at a time', async () => {
  const scene = await withChanges()
  const entries = await get(scene, AuditEntriesSchema, 'GET /api/audit')
  expect(entries.map(({ action, actor, reason }) => [action, actor.kind, actor.name, reason])).toEqual([
    ['config.change', 'operator', 'first-start', 'a fault'],
    ['rollout.pause', 'operator', 'first-start', 'lunch'],
    ['config.change', 'operator', 'first-start', 'the plan of the week'],
    ['credential.create', 'system', 'gateway', ''],
    ['config.change', 'system', 'gateway', 'the first start']
  ])
  expect(entries[2]).toMatchObject({
    revision: { from: 1, to: 2 },
    routes: ['thing'],
    changes: [{ path: '/routes/thing/weight', to: 10 }],
    evidence: { rollout: 'things' }
  })
  const numbers = async (query: string) =>
    (await get(scene, AuditEntriesSchema, `GET /api/audit?${query}`)).map(({ seq }) => seq)
  expect(await numbers('limit=2')).toEqual([5, 4])
  expect(await numbers('limit=2&before=4')).toEqual([3, 2])
  expect(await numbers('route=other')).toEqual([5])
  expect(await numbers('actor=gateway')).toEqual([2, 1])
  expect(await numbers('action=rollout.pause&actor=first-start')).toEqual([4])
})

test('verifying finds an entry that was changed, and one that is missing', async () => {
  const scene = await withChanges()
  const verify = () => get(scene, VerdictSchema, 'GET /api/audit/verify')
  expect(await verify()).toMatchObject({ ok: true, entries: 5, head: { seq: 5 } })
  const file = join(scene.directory, 'audit.jsonl')
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('lunch', 'Lunch'))
  expect(await verify()).toMatchObject({ ok: false, line: 4, problem: expect.stringContaining('was changed') })
  const lines = text.split('\n')
  await writeFile(file, lines.toSpliced(2, 1).join('\n'))
  expect(await verify()).toMatchObject({ ok: false, line: 3, problem: expect.stringContaining('missing') })
  await writeFile(file, `${lines.slice(0, 4).join('\n')}\n`)
  expect(await verify()).toMatchObject({ ok: false, problem: expect.stringContaining('missing at the end') })
})

test('an audit that was tampered with is told by /readyz and the metrics from the next start on', async () => {
  const scene = await withChanges()
  await scene.close()
  const file = join(scene.directory, 'audit.jsonl')
  await writeFile(file, (await readFile(file, 'utf8')).replace('lunch', 'Lunch'))
  const again = await startScene({ folder: scene.folder, clock: scene.clock })
  expect((await again.gateway.admin.inject('/readyz')).json()).toMatchObject({
    checks: expect.arrayContaining([
      { name: 'audit', ok: false, advisory: true, why: expect.stringContaining('line 4') }
    ])
  })
  expect((await again.gateway.admin.inject('/metrics')).body).toContain('gateway_state_writable 0')
})

test('an audit that cannot be read is 503, in words without a path', async () => {
  const scene = await startScene()
  const file = join(scene.directory, 'audit.jsonl')
  await rm(file)
  await mkdir(file)
  for (const route of ['GET /api/audit', 'GET /api/audit/verify'] as const) {
    const answer = await call(scene, route)
    expect(answer).toMatchObject({ status: 503, body: { error: 'unavailable' } })
    expect(answer.text).not.toContain(scene.folder)
  }
})
