import { expect, test } from 'vitest'
import { StaleSchema } from '../../../gateway/admin/schemas.ts'
import { type Call, call, checked, credentialOf, NEW, OLD, OTHER, ROUTE, startScene } from './support.ts'

const ON = { on: true }
/** Every call, with what makes it succeed, in an order in which each does. */
const CALLS: readonly [Parameters<typeof call>[1], 'viewer' | 'operator', Call, number][] = [
  ['GET /api/session', 'viewer', {}, 200],
  ['GET /api/status', 'viewer', {}, 200],
  ['GET /api/routes', 'viewer', {}, 200],
  ['GET /api/routes/thing', 'viewer', {}, 200],
  ['GET /api/routes/thing/windows', 'viewer', {}, 200],
  ['GET /api/rollouts', 'viewer', {}, 200],
  ['GET /api/rollouts/things', 'viewer', {}, 200],
  ['GET /api/config', 'viewer', {}, 200],
  ['GET /api/config/revisions', 'viewer', {}, 200],
  ['GET /api/config/revisions/1', 'viewer', {}, 200],
  ['GET /api/config/diff?from=1&to=1', 'viewer', {}, 200],
  ['GET /api/audit', 'viewer', {}, 200],
  ['GET /api/audit/verify', 'viewer', {}, 200],
  ['GET /api/progress', 'viewer', {}, 200],
  ['GET /api/discovery', 'viewer', {}, 200],
  ['GET /api/openapi.json', 'viewer', {}, 200],
  ['POST /api/explain', 'viewer', { body: { method: 'GET', url: '/thing' } }, 200],
  ['POST /api/config/plan', 'viewer', { body: { change: { kind: 'kill', on: true } } }, 200],
  ['PUT /api/kill-switch', 'operator', { body: ON }, 200],
  ['PUT /api/routes/thing/kill-switch', 'operator', { body: ON }, 200],
  ['POST /api/rollouts/things/set', 'operator', { body: { weight: 5, reason: 'a try' } }, 200],
  ['PUT /api/config', 'operator', { body: { text: '{}' } }, 422],
  ['POST /api/config/revisions/1/restore', 'operator', { body: { reason: 'back' } }, 200],
  ['GET /api/credentials', 'operator', {}, 200],
  ['POST /api/credentials', 'operator', { body: { name: 'carol', role: 'viewer' } }, 201],
  ['DELETE /api/credentials/carol', 'operator', {}, 204]
]

test('every call asks for a credential, of the role that it needs', async () => {
  const scene = await startScene({ routes: [ROUTE, OTHER, OLD, NEW] })
  const credentials = {
    viewer: await credentialOf(scene, 'vera', 'viewer'),
    operator: await credentialOf(scene, 'alice', 'operator')
  }
  const before = scene.gateway.store.current.number
  for (const [route, role, options] of CALLS) {
    if (role === 'viewer') continue
    const answer = await call(scene, route, { ...options, credential: credentials.viewer })
    expect({ route, ...answer }).toMatchObject({ route, status: 403, body: { error: 'forbidden' } })
  }
  expect(scene.gateway.store.current.number).toBe(before)
  for (const [route, role, options, status] of CALLS) {
    const answer = await call(scene, route, { ...options, credential: credentials[role] })
    expect({ route, ...answer }).toMatchObject({ route, status, headers: { 'cache-control': 'no-store' } })
  }
  expect(await scene.undescribed(credentials.operator)).toEqual([])
})

test('without a valid credential every answer is the same, whatever is asked and sent', async () => {
  const scene = await startScene()
  const answers = []
  for (const [route] of CALLS.slice(0, 12)) answers.push(await call(scene, route, { credential: undefined }))
  answers.push(
    await call(scene, 'GET /api/nothing', { credential: undefined }),
    await call(scene, 'PUT /api/kill-switch', { credential: 'sgw_wrong', body: '{ not JSON' }),
    await call(scene, 'PUT /api/kill-switch', { credential: 'sgw_wrong', body: 'x'.repeat(2_000_000) }),
    await call(scene, 'POST /api/explain', { credential: '', body: {} }),
    await call(scene, 'GET /api/session', { credential: undefined, headers: { authorization: `Basic ${scene.first}` } })
  )
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  expect(answers[0]).toMatchObject({
    status: 401,
    headers: { 'www-authenticate': expect.stringMatching(/^Bearer/) },
    body: { error: 'unauthenticated' }
  })
})

test('failed attempts are limited by address; a right credential still enters', async () => {
  const scene = await startScene()
  const statuses = []
  for (let attempt = 0; attempt < 21; attempt++) {
    statuses.push((await call(scene, 'GET /api/session', { credential: `sgw_${attempt}` })).status)
  }
  expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429])
  const limited = await call(scene, 'GET /api/session', { credential: undefined })
  expect(limited).toMatchObject({ status: 429, body: { error: 'too-many-attempts' } })
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
  expect((await call(scene, 'GET /api/session')).status).toBe(200)
  expect(await scene.undescribed()).toEqual([])
})

test('what is asked wrongly is said in words, by field', async () => {
  const scene = await startScene()
  const wrong: [Parameters<typeof call>[1], Call, number, string, string][] = [
    ['GET /api/route', {}, 404, 'unknown', 'did you mean "GET /api/routes"?'],
    ['GET /api', {}, 404, 'unknown', 'there is no call "GET /api"'],
    ['DELETE /api/routes', {}, 404, 'unknown', 'there is no call "DELETE /api/routes"'],
    ['GET /api/routes/thnig', {}, 404, 'unknown', 'did you mean "thing"?'],
    ['GET /api/rollouts/thngs', {}, 404, 'unknown', 'did you mean "things"?'],
    ['GET /api/rollouts/old', {}, 404, 'unknown', 'there is no route or group that can be rolled out "old"'],
    ['POST /api/rollouts/thngs/pause', { body: {} }, 404, 'unknown', 'did you mean "things"?'],
    ['POST /api/rollouts/things/abort', { body: {} }, 400, 'bad-request', 'the path\'s "verb": found "abort"'],
    ['POST /api/rollouts/things/set', { body: {} }, 400, 'bad-request', 'the body\'s "weight": found nothing'],
    ['POST /api/rollouts/things/pause', { body: { weight: 5 } }, 400, 'bad-request', 'the verb set only'],
    ['POST /api/rollouts/things/set', { body: { weight: '5' } }, 400, 'bad-request', 'found "5", expected a number'],
    ['POST /api/rollouts/things/set', { body: { wieght: 5 } }, 400, 'bad-request', 'did you mean "weight"?'],
    [
      'POST /api/rollouts/things/set',
      { body: { weight: 1.005, reason: 'go' } },
      409,
      'refused',
      'at most two decimals'
    ],
    ['POST /api/rollouts/things/pause', { body: {} }, 409, 'refused', 'Only a rollout that is progressing'],
    ['POST /api/rollouts/things/start', { body: {} }, 409, 'refused', 'a reason is required'],
    ['GET /api/routes/thing/windows?from=today', {}, 400, 'bad-request', 'a time such as 2026-01-05T12:00:00Z'],
    ['GET /api/routes/thing/windows?to=2026-13-45T12:00Z', {}, 400, 'bad-request', 'expected a time that there is'],
    ['GET /api/audit?limit=0', {}, 400, 'bad-request', 'the query\'s "limit": found 0'],
    ['GET /api/audit?limits=1', {}, 400, 'bad-request', 'did you mean "limit"?'],
    ['GET /api/config/revisions/99', {}, 404, 'unknown', 'revision 99 is not kept'],
    ['GET /api/config/revisions/x', {}, 400, 'bad-request', 'the number of a revision'],
    ['GET /api/config/diff?from=1', {}, 400, 'bad-request', 'the query\'s "to": found nothing'],
    ['POST /api/config/revisions/9/restore', { body: {} }, 404, 'unknown', 'revision 9 is not kept'],
    ['PUT /api/kill-switch', { body: { on: 'yes' } }, 400, 'bad-request', 'the body\'s "on": found "yes"'],
    ['PUT /api/kill-switch', { body: '{' }, 400, 'bad-request', 'the body: expected JSON'],
    ['PUT /api/kill-switch', {}, 400, 'bad-request', 'the body: found nothing, expected an object'],
    ['PUT /api/kill-switch', { body: `"${'x'.repeat(1_048_577)}"` }, 413, 'too-large', 'at most 1024 KiB'],
    [
      'PUT /api/kill-switch',
      { body: 'on', headers: { 'content-type': 'text/xml' } },
      415,
      'unsupported-media-type',
      'application/json'
    ],
    ['PUT /api/routes/thin/kill-switch', { body: ON }, 404, 'unknown', 'did you mean "thing"?'],
    ['POST /api/explain', { body: { method: 'GET', url: 'thing' } }, 400, 'bad-request', 'a path that begins with /'],
    [
      'POST /api/explain',
      { body: { method: 'GET', url: '/thing', address: 'here' } },
      400,
      'bad-request',
      'expected an IP address'
    ],
    [
      'POST /api/config/plan',
      { body: { change: { kind: 'set', target: 'thing', weight: 200 } } },
      400,
      'bad-request',
      'the body\'s "change"\'s "weight": found 200, expected a number from 0 to 100'
    ],
    ['POST /api/config/plan', { body: { change: {} } }, 400, 'bad-request', '{ "kind": "set", "target", "weight" }'],
    [
      'POST /api/config/plan',
      { body: { change: { kind: 'set', target: 'thigns', weight: 2 } } },
      404,
      'unknown',
      'did you mean "things"?'
    ],
    ['POST /api/config/plan', { body: { change: { kind: 'restore', revision: 7 } } }, 404, 'unknown', 'at most 1'],
    ['GET /api/%zz', {}, 400, 'bad-request', 'percent-encoding']
  ]
  for (const [route, options, status, error, message] of wrong) {
    const answer = await call(scene, route, options)
    expect({ route, ...answer }).toMatchObject({
      route,
      status,
      body: { error, message: expect.stringContaining(message) }
    })
    expect(answer.text).not.toMatch(/node_modules|\.ts:|\n\s+at |FST_/)
  }
  expect(scene.gateway.store.current.number).toBe(1)
  expect(await scene.undescribed()).toEqual([])
})

const WRITES: readonly [Parameters<typeof call>[1], object, boolean][] = [
  ['PUT /api/kill-switch', { on: true }, true],
  ['PUT /api/kill-switch', { on: false }, false],
  ['PUT /api/routes/thing/kill-switch', { on: true }, true],
  ['PUT /api/routes/thing/kill-switch', { on: false }, false],
  ['POST /api/rollouts/things/pause', {}, true],
  ['POST /api/rollouts/things/rollback', {}, true],
  ['POST /api/rollouts/things/start', { reason: 'go' }, false],
  ['POST /api/rollouts/things/resume', { reason: 'go' }, false],
  ['POST /api/rollouts/things/promote', { reason: 'go' }, false],
  ['POST /api/rollouts/things/promote-full', { reason: 'go' }, false],
  ['POST /api/rollouts/things/set', { weight: 9, reason: 'go' }, false],
  ['PUT /api/config', { text: '{}' }, false],
  ['POST /api/config/revisions/1/restore', { reason: 'go' }, false]
]

test('every change names its revision; * will do only where nobody is exposed more', async () => {
  const scene = await startScene()
  for (const [route, body, isEmergency] of WRITES) {
    const without = await call(scene, route, { body, ifMatch: undefined })
    expect({ route, ...without }).toMatchObject({ route, status: 428, body: { error: 'precondition-required' } })
    const odd = await call(scene, route, { body, ifMatch: '1' })
    expect({ route, ...odd }).toMatchObject({ route, status: 400, body: { error: 'bad-request' } })
    const old = await call(scene, route, { body, ifMatch: '"77"' })
    expect({ route, ...old }).toMatchObject({ route, status: 409, body: { error: 'stale' } })
    if (isEmergency) continue
    const any = await call(scene, route, { body, ifMatch: '*' })
    expect({ route, ...any }).toMatchObject({ route, status: 428, body: { error: 'precondition-required' } })
  }
  expect(scene.gateway.store.current.number).toBe(1)
  expect(await scene.undescribed()).toEqual([])
})

test('a stale change is told what changed, and changes nothing', async () => {
  const scene = await startScene()
  await call(scene, 'POST /api/rollouts/thing/set', { body: { weight: 10, reason: 'a try' } })
  const late = await call(scene, 'PUT /api/kill-switch', { body: { on: true }, ifMatch: '"1"' })
  expect(late.status).toBe(409)
  expect(checked(StaleSchema, late.body)).toMatchObject({
    error: 'stale',
    current: 2,
    changes: [{ path: '/routes/thing/weight', to: 10 }]
  })
  expect(scene.gateway.store.current.config.killSwitch).toBe(false)
  const any = await call(scene, 'PUT /api/kill-switch', { body: { on: true }, ifMatch: '*' })
  expect(any).toMatchObject({ status: 200, headers: { etag: '"3"' } })
})

test('of writers that race exactly one wins', async () => {
  const scene = await startScene()
  const race = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(weight =>
      call(scene, 'POST /api/rollouts/things/set', { body: { weight, reason: `writer ${weight}` }, ifMatch: '"1"' })
    )
  )
  const won = race.flatMap(({ status }, index) => (status === 200 ? [index + 1] : []))
  expect(won).toHaveLength(1)
  expect(race.filter(({ status }) => status === 409)).toHaveLength(5)
  expect(scene.gateway.store.current.number).toBe(2)
  expect(scene.gateway.store.current.table.routes[0]?.weight).toBe(won[0])
})
