import { describe, expect, it } from 'vitest'
import { type Edge, NO_BUCKET } from '../../../gateway/edge.ts'
import { createRecorder } from '../../../gateway/rollout-controller/recorder.ts'
import { createCallers } from '../../../gateway/rollout/callers.ts'
import { createEvidence, emptySummary } from '../../../gateway/rollout/evidence.ts'
import type { Reason, Route } from '../../../gateway/routing/route.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { manualClock } from '../../support/clock.ts'
import { configOf } from '../routing/fixture.ts'

function routeOf(weight: number): Route {
  const policy = { id: 'notes', paths: ['/notes'], methods: ['GET'], native: 'notes', group: 'g', weight }
  const [route] = compileRoutingTable(configOf([policy]), []).routes
  if (route === undefined) throw new Error('there is no route')
  return route
}

interface Request {
  readonly target?: string
  readonly reason?: Reason
  readonly status?: number
  readonly servedBy?: string
  readonly fellBack?: boolean
  readonly failure?: string
  readonly bucket?: number
  readonly weight?: number
  readonly ms?: number
}

/** What one request that ended this way leaves behind. */
function after({ target = 'native', reason = 'weight', status = 200, ms = 5, weight = 50, ...rest }: Request) {
  const clock = manualClock()
  const evidence = createEvidence()
  const callers = createCallers()
  const heard: boolean[] = []
  const ended = (_routeId: string, success: boolean) => void heard.push(success)
  const breakers = { apply: () => {}, isOpen: () => false, began: () => {}, states: () => new Map(), ended }
  const edge: Edge = {
    assignment: { route: routeOf(weight), target, reason },
    revision: 1,
    requestId: 'id',
    client: { address: '192.0.2.1', forwardedFor: '192.0.2.1', peerTrusted: false },
    bucket: rest.bucket ?? 7,
    startedAt: 0,
    servedBy: rest.servedBy ?? target,
    fellBack: rest.fellBack ?? false,
    failure: rest.failure
  }
  createRecorder({ clock, evidence, callers, breakers })([{ edge, method: 'GET', status, milliseconds: ms }])
  const { latency, ...counts } = evidence.drain('notes', target)
  return { counts, latency, callers: callers.count('g'), heard }
}

const { latency: _latency, ...NOTHING } = emptySummary()

describe('a request of native', () => {
  it.each([
    ['an answer', { status: 200 }, {}, true],
    ['a redirect', { status: 304 }, {}, true],
    ['a refusal', { status: 404 }, { refusals: 1 }, true],
    ['a server error', { status: 503 }, { serverErrors: 1 }, false],
    [
      'a failure that legacy then answered',
      { status: 200, servedBy: 'legacy', fellBack: true },
      { serverErrors: 1, fallbacks: 1 },
      false
    ],
    [
      'one whose client left while legacy answered for it',
      { status: 499, servedBy: 'legacy', fellBack: true },
      { serverErrors: 1, fallbacks: 1 },
      false
    ]
  ])('counts as %s', (_, request, counts, success) => {
    expect(after(request)).toMatchObject({
      counts: { ...NOTHING, requests: 1, ...counts },
      callers: { native: 1, legacy: 0 },
      heard: [success]
    })
  })

  it.each([
    ['its client left first', { status: 499 }],
    ["native's router did not know its path", { servedBy: 'legacy', status: 404 }]
  ])('counts for nothing when %s', (_, request) => {
    expect(after(request)).toMatchObject({ counts: NOTHING, callers: { native: 0, legacy: 0 }, heard: [] })
  })

  it.each(['override', 'cohort'] as const)('is heard by the breaker only, for the reason %s', reason => {
    expect(after({ reason, status: 500 })).toMatchObject({
      counts: NOTHING,
      callers: { native: 0, legacy: 0 },
      heard: [false]
    })
  })

  it('has no latency when it became a WebSocket', () => {
    expect(after({ status: 101, ms: 60_000 }).latency).toEqual(after({ ms: 0 }).latency)
  })
})

describe('a request of legacy', () => {
  it.each([
    ['an answer', { status: 200 }, {}],
    ['a server error', { status: 500 }, { serverErrors: 1 }],
    ['a timeout', { status: 504, failure: 'upstream_timeout' }, { timeouts: 1 }],
    ['a network error', { status: 502, failure: 'upstream_unreachable' }, { networkErrors: 1 }],
    ['a network error in the midst of an answer', { status: 200, failure: 'upstream_reset' }, { networkErrors: 1 }]
  ])('counts as %s, and no breaker hears of it', (_, request, counts) => {
    expect(after({ target: 'legacy', ...request })).toMatchObject({
      counts: { ...NOTHING, requests: 1, ...counts },
      callers: { native: 0, legacy: 1 },
      heard: []
    })
  })

  it('that the breaker sent there counts for the share alone', () => {
    expect(after({ target: 'legacy', reason: 'breaker' })).toMatchObject({
      counts: NOTHING,
      callers: { native: 0, legacy: 1 }
    })
  })

  it.each(['override', 'kill-switch', 'no-native', 'unmatched'] as const)('counts for nothing by %s', reason => {
    expect(after({ target: 'legacy', reason })).toMatchObject({ counts: NOTHING, callers: { native: 0, legacy: 0 } })
  })

  it('is no caller of a weight of 0', () => {
    const { counts, callers } = after({ target: 'legacy', weight: 0, bucket: NO_BUCKET })
    expect([counts.requests, callers]).toEqual([1, { native: 0, legacy: 0 }])
  })
})

it('at 100 % callers are told apart by address', () => {
  expect(after({ weight: 100, bucket: NO_BUCKET }).callers).toEqual({ native: 1, legacy: 0 })
})
