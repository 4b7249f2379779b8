import { Value } from '@sinclair/typebox/value'
import { RolloutPlanSchema } from '../rollout/plan.ts'

const at = '2026-01-05T12:00:00.000Z'
const actor = { kind: 'operator', name: 'alice' }
const reason = 'the plan of the week'
const changes = [{ path: '/routes/notes.list/weight', from: 10, to: 25 }]
const digest = 'd6a2c4b8f013'
const hash = '7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730'
const text = '{ "version": 1, "targets": { "legacy": { "url": "http://legacy:3000" } }, "routes": [] }\n'
const sides = { native: 103, legacy: 309, share: 25 }
const measured = { requests: 0, errors: 0, serverErrors: 0, networkErrors: 0, timeouts: 0, refusals: 0, fallbacks: 0 }
const record = { number: 13, digest, at, actor, reason, changes }
const entry = {
  seq: 40,
  at,
  actor,
  action: 'config.change',
  routes: ['notes.list'],
  revision: { from: 12, to: 13 },
  changes,
  reason,
  previous: hash,
  hash
}

const route = {
  id: 'notes.list',
  methods: ['GET'],
  paths: ['/api/notes/:consultationId'],
  group: 'notes',
  native: 'notes',
  nativeOnly: false,
  upstream: 'legacy',
  killSwitch: false,
  weight: 25,
  cohort: 0,
  realised: { minute: { native: 7, legacy: 21, share: 25 }, hour: sides, callers: sides },
  breaker: 'closed',
  phase: 'progressing',
  reasons: { weight: 412 },
  lastChange: { at, by: actor, reason, revision: 13 }
}

const rollout = {
  group: 'notes',
  routes: [{ id: 'notes.list', weight: 25, breaker: 'closed' }],
  phase: 'progressing',
  since: at,
  reason,
  weight: 25,
  desiredWeight: 25,
  nextWeight: 50,
  step: 2,
  steppedAt: at,
  legacyHealth: 'healthy',
  obstacles: ['The step has to be held for another 6 days.'],
  verdicts: [],
  callers: { native: 103, legacy: 309 },
  native: { ...measured, requests: 103, p50Ms: 12, p95Ms: 31, p99Ms: 44 },
  legacy: { ...measured, requests: 309, p50Ms: 15, p95Ms: 38, p99Ms: 61 },
  activeMs: 3_600_000,
  plan: Value.Default(RolloutPlanSchema, {})
}

const spark = Array.from({ length: 30 }, (_, minute) => (minute < 28 ? null : 0.5))
const sparks = { errorPercent: spark, p95Ms: spark }
const paths = ['/api/notes/:consultationId']

const live = {
  at,
  version: '0.1.0',
  totals: {
    revision: 13,
    killSwitch: false,
    ready: true,
    problems: [],
    routes: 24,
    movable: 22,
    at100: 0,
    requestSharePercent: 25,
    routeSharePercent: 8.33
  },
  routes: [
    {
      id: 'notes.list',
      group: 'notes',
      methods: ['GET'],
      paths,
      native: 'notes',
      nativeOnly: false,
      upstream: 'legacy',
      killSwitch: false,
      weight: 25,
      realisedPercent: 25,
      steps: [10, 25, 50, 75, 100],
      phase: 'progressing',
      stepEndsAt: '2026-01-11T12:00:00.000Z',
      verdict: { status: 'waiting', message: 'error rate of native: 88 more requests are needed' },
      breaker: 'closed',
      nativeSide: { requestsPerSecond: 0.11, errorPercent: 0.5, p95Ms: 31 },
      legacySide: { requestsPerSecond: 0.35, errorPercent: 0.5, p95Ms: 38 },
      sparks: { native: sparks, legacy: sparks },
      attention: 'watching',
      why: 'A rollout is under way.',
      lastChange: { at, by: actor, reason, revision: 13 }
    }
  ]
}

const rules = [
  ['unmatched', 'the route "notes.list" has the request'],
  ['native-only', 'the route "notes.list" has an upstream, legacy'],
  ['kill-switch', 'neither the kill switch of the gateway nor that of the route is on'],
  ['no-native', 'native serves the method and path'],
  ['override', 'the request has no x-gateway-target that says native or legacy'],
  ['cohort', '"notes.list" has no cohort'],
  ['weight', 'the bucket 1301 of user:42 is below 2500, which is the weight of 25 %'],
  ['breaker', 'the breaker of "notes.list" lets the request through']
].map(([rule, why]) => ({ rule, applies: rule === 'weight', why }))

/** What the answers of the admin API may look like, and what is sent; by what they are. */
export const examples = {
  session: { name: 'alice', role: 'operator' },
  status: {
    version: '0.1.0',
    revision: { number: 13, digest, loadedAt: at },
    killSwitch: false,
    readiness: { status: 'ready', checks: [{ name: 'database', ok: true, advisory: false }] },
    totals: {
      routes: 24,
      nativeOnly: 2,
      shared: 22,
      at0: 21,
      between: 1,
      at100: 0,
      killed: 0,
      breakersOpen: 0,
      rollouts: { idle: 9, progressing: 1, paused: 0, completed: 0, 'rolled-back': 0 },
      requests: { minute: { native: 7, legacy: 21, share: 25 }, hour: sides }
    }
  },
  routes: { revision: 13, killSwitch: false, routes: [route] },
  route: { ...route, rollout },
  windows: {
    route: 'notes.list',
    windowMs: 10_000,
    windows: [{ at, target: 'native', ...measured, requests: 12, p50Ms: 12, p95Ms: 31, p99Ms: 44 }]
  },
  replicas: [
    {
      name: 'gateway-1',
      version: '0.1.0',
      revision: 13,
      digest,
      leads: true,
      startedAt: at,
      at,
      silent: false,
      breakers: {}
    }
  ],
  rollouts: [rollout],
  rollout,
  order: { reason },
  ordered: { revision: 13, rollout },
  killSwitch: { on: true, reason: 'native answers with the wrong notes' },
  changed: { revision: 13, changes },
  config: { revision: 13, digest, text },
  configWrite: { text, reason },
  planRequest: { change: { kind: 'set', target: 'notes', weight: 50 } },
  plan: {
    revision: 13,
    changes: [{ path: '/routes/notes.list/weight', from: 25, to: 50 }],
    raises: ['raises the weight of "notes.list" from 25 to 50'],
    reasonRequired: true,
    routes: [
      {
        id: 'notes.list',
        from: { weight: 25, killSwitch: false },
        to: { weight: 50, killSwitch: false },
        callers: { seen: 412, moving: 101, toNative: 101, toLegacy: 0 }
      }
    ]
  },
  revisions: [record],
  revision: { ...record, text },
  diff: { from: 12, to: 13, changes },
  restore: { reason: 'back to what worked' },
  explainRequest: { method: 'GET', url: '/api/notes/65f0c0ffee65f0c0ffee65f0', userId: '42' },
  explanation: {
    revision: 13,
    route: 'notes.list',
    target: 'native',
    reason: 'weight',
    sentence:
      'GET /api/notes/65f0c0ffee65f0c0ffee65f0 goes to native: the bucket 1301 of user:42 is below 2500, which is the ' +
      'weight of 25 %.',
    group: 'notes',
    weight: 25,
    caller: 'user:42',
    bucket: 1301,
    threshold: 2500,
    cohort: false,
    rules
  },
  audit: [entry],
  verdict: { ok: true, entries: 40, head: { seq: 40, hash } },
  event: {
    id: 1_767_614_400_000_001,
    at,
    type: 'rollout.step-passed',
    severity: 'info',
    message: 'notes passed a step at 25 %',
    routes: ['notes.list'],
    group: 'notes',
    weight: 25,
    by: 'automation'
  },
  liveSnapshot: live,
  progress: { stepMs: 600_000, points: [{ at, native: 103, legacy: 309, routes: 24, nativeRoutes: 2 }] },
  discovery: {
    since: at,
    unmatched: [{ method: 'GET', path: '/api/appointments/:value', requests: 41, callers: 9, lastAt: at }],
    unmatchedOthers: 3,
    withoutNative: [{ route: 'reports', methods: ['GET'], paths: ['/api/reports/*'], requests: 12, lastAt: at }],
    unused: [{ route: 'reports', methods: ['GET'], paths: ['/api/reports/*'], lastAt: at, days: 31.5 }]
  },
  credentials: [{ name: 'alice', role: 'operator', created: at, temporary: false }],
  newCredential: { name: 'bob', role: 'viewer' },
  createdCredential: { name: 'bob', role: 'viewer', credential: 'sgw_…' }
} as const
