import { expect, test } from 'vitest'
import { type ExplainRequest, ExplanationSchema } from '../../../gateway/admin/schemas.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { bearer } from '../gateway/support.ts'
import { call, callers, get, NEW, OLD, OTHER, ROUTE, type Scene, startScene } from './support.ts'

const CREDENTIAL = 'a credential for overrides'
const bucketIn = (group: string) => (who: string) => bucketOf(`user:${who}`, group)
const [below = '', above = ''] = [
  callers(50).find(who => bucketIn('things')(who) < 5000),
  callers(50).find(who => bucketIn('things')(who) >= 5000)
]

const explain = async (scene: Scene, request: Partial<ExplainRequest>) => {
  const body = { method: 'GET', url: '/thing', ...request }
  const explanation = await get(scene, ExplanationSchema, 'POST /api/explain', { body })
  const rules = explanation.rules.map(({ rule }) => rule)
  expect(rules).toEqual([
    'unmatched',
    'native-only',
    'kill-switch',
    'no-native',
    'override',
    'cohort',
    'weight',
    'breaker'
  ])
  const applying = explanation.rules.filter(({ applies }) => applies)
  expect(applying).toEqual([{ rule: explanation.reason, applies: true, why: expect.any(String) }])
  expect(explanation.sentence).toContain(`goes to ${explanation.target}: ${applying[0]?.why}`)
  return explanation
}
const why = ({ rules }: Awaited<ReturnType<typeof explain>>, rule: string) =>
  rules.find(each => each.rule === rule)?.why

const ROUTES = [{ ...ROUTE, weight: 50, cohort: ['friend'] }, OTHER, OLD, NEW]

test('the weight: bucket and threshold, on either side, by user and by address', async () => {
  const scene = await startScene({ routes: ROUTES })
  const native = await explain(scene, { userId: below })
  const bucket = bucketIn('things')(below)
  expect(native).toMatchObject({
    revision: 1,
    route: 'thing',
    target: 'native',
    reason: 'weight',
    group: 'things',
    weight: 50,
    caller: `user:${below}`,
    bucket,
    threshold: 5000,
    cohort: false,
    sentence: `GET /thing goes to native: the bucket ${bucket} of user:${below} is below 5000, which is the weight of 50 %.`
  })
  expect(why(native, 'breaker')).toBe('the breaker of "thing" lets the request through')
  const legacy = await explain(scene, { headers: { Authorization: bearer(above).authorization } })
  expect(legacy).toMatchObject({ target: 'legacy', reason: 'weight', caller: `user:${above}` })
  const forged = await explain(scene, { headers: { authorization: `${bearer(above).authorization}x` } })
  expect(forged).toMatchObject({ caller: 'addr:127.0.0.1' })
  const anonymous = await explain(scene, { address: '10.1.2.3' })
  expect(anonymous).toMatchObject({ caller: 'addr:10.1.2.3', bucket: bucketOf('addr:10.1.2.3', 'things') })
  expect(await explain(scene, { url: '/other' })).toMatchObject({ weight: 0, threshold: 0, target: 'legacy' })
})

test('every other rule, in words', async () => {
  const scene = await startScene({ routes: ROUTES, env: { OVERRIDE_CREDENTIAL: CREDENTIAL } })
  expect(await explain(scene, { url: '/nowhere' })).toMatchObject({
    route: 'unmatched',
    target: 'legacy',
    reason: 'unmatched'
  })
  expect(await explain(scene, { method: 'post' })).toMatchObject({ route: 'unmatched' })
  expect(await explain(scene, { url: '/new' })).toMatchObject({ route: 'new', target: 'native', reason: 'native-only' })
  expect(await explain(scene, { url: '/old/way' })).toMatchObject({ route: 'old', reason: 'no-native' })
  expect(await explain(scene, { url: '/th%69ng' })).toMatchObject({ target: 'legacy' })
  expect(await explain(scene, { userId: 'friend' })).toMatchObject({ target: 'native', reason: 'cohort', cohort: true })

  const headers = { 'X-Gateway-Target': 'native', 'X-Gateway-Credential': CREDENTIAL }
  expect(await explain(scene, { userId: above, headers })).toMatchObject({ target: 'native', reason: 'override' })
  const denied = await explain(scene, { userId: above, headers: { 'x-gateway-target': 'native' } })
  expect(denied).toMatchObject({ target: 'legacy', reason: 'weight' })
  expect(why(denied, 'override')).toContain('it is ignored')
})

test('kill switches, of the route and of the gateway', async () => {
  const scene = await startScene({ routes: ROUTES })
  await call(scene, 'PUT /api/routes/thing/kill-switch', { body: { on: true } })
  const own = await explain(scene, { userId: 'friend' })
  expect(own).toMatchObject({ target: 'legacy', reason: 'kill-switch' })
  expect(own.sentence).toContain('the kill switch of the route "thing" is on')
  expect(why(own, 'weight')).toBe('not asked: kill-switch decided before it')
  await call(scene, 'PUT /api/kill-switch', { body: { on: true } })
  expect((await explain(scene, { url: '/other' })).sentence).toContain('the kill switch of the gateway is on')
})

test('an open breaker, for those whom the weight would send to native', async () => {
  const scene = await startScene({ routes: [{ ...ROUTE, weight: 50, fallback: false }] })
  scene.native.status = 500
  for (let attempt = 0; attempt < 12; attempt++) await scene.ask([below])
  const native = await explain(scene, { userId: below })
  expect(native).toMatchObject({ target: 'legacy', reason: 'breaker' })
  expect(why(native, 'breaker')).toContain('the breaker of "thing" is open')
  expect(why(native, 'weight')).toContain('is below 5000')
  const legacy = await explain(scene, { userId: above })
  expect(legacy).toMatchObject({ target: 'legacy', reason: 'weight' })
  expect(why(legacy, 'breaker')).toBe('it is open, but the caller is not on native anyway')
})

test.each([
  ['/thing?a=%20&b#part', 'thing'],
  ['http://clinic.example/thing', 'thing'],
  ['HTTPS://clinic.example:8443/thing/?q', 'thing'],
  ['https://clinic.example', 'unmatched'],
  ['https://clinic.example?x=/thing', 'unmatched'],
  ['/old/a/b/../c', 'old']
])('%s is taken as a client sends it', async (url, route) => {
  const scene = await startScene({ routes: ROUTES })
  expect(await explain(scene, { url })).toMatchObject({ route })
})

test('what is explained is what happens', async () => {
  const scene = await startScene({ routes: ROUTES })
  for (const who of callers(30)) {
    scene.upstream.requests.length = 0
    await scene.ask([who])
    const { target } = await explain(scene, { userId: who })
    // Beside the checks of its health that a scrape makes.
    const relayed = scene.upstream.requests.filter(({ url }) => url === '/thing')
    expect({ who, target }).toEqual({ who, target: relayed.length === 1 ? 'legacy' : 'native' })
  }
})

test('a preflight belongs to the route of the request that it announces', async () => {
  const scene = await startScene({ routes: ROUTES })
  const headers = { 'access-control-request-method': 'GET' }
  expect(await explain(scene, { method: 'OPTIONS', url: '/old/x', headers })).toMatchObject({ route: 'old' })
})
