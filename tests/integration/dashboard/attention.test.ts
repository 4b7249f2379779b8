import { expect, test } from 'vitest'
import { attentionOf, type Facts } from '../../../gateway/admin/live/attention.ts'
import { stepEndsAt, verdictOf } from '../../../gateway/admin/live/verdict.ts'
import { type RolloutStatus, RolloutsSchema } from '../../../gateway/admin/schemas.ts'
import { call, get, ROUTE, startScene } from '../admin/support.ts'

type Verdict = RolloutStatus['verdicts'][number]

/** A rollout that was started, as a gateway tells it. */
async function startedRollout(): Promise<{ readonly rollout: RolloutStatus; readonly now: number }> {
  const scene = await startScene({ routes: [ROUTE] })
  expect((await call(scene, 'POST /api/rollouts/things/start', { body: { reason: 'go' } })).status).toBe(200)
  const [rollout] = await get(scene, RolloutsSchema, 'GET /api/rollouts')
  if (rollout === undefined) throw new Error('there is no rollout')
  return { rollout: { ...rollout, verdicts: [verdict('passed')] }, now: scene.clock.now() }
}

function verdict(status: Verdict['status'], rest: Partial<Verdict> = {}): Verdict {
  const message = `error rate: ${status}`
  return { guardrail: 'errorRate', status, bound: 5, unit: '%', requests: 10, message, ...rest }
}

test('every state that needs somebody says so, the gravest first', async () => {
  const { rollout, now } = await startedRollout()
  const iso = (offset: number) => new Date(now + offset).toISOString()
  const rollingBack = { mode: 'immediate', by: 'automation', reason: 'it fails', since: iso(0) } as const
  const { plan } = rollout
  const cases: readonly (readonly [string, Partial<Facts>, Partial<RolloutStatus>, string, string | undefined])[] = [
    ['idle', {}, { phase: 'idle' }, 'none', undefined],
    ['completed', {}, { phase: 'completed' }, 'none', undefined],
    ['progressing', {}, {}, 'watching', 'A rollout is under way.'],
    ['killed', { killedBy: 'Its kill switch is on.' }, { readyAt: iso(0) }, 'failing', 'Its kill switch is on.'],
    ['breaker open', { breaker: 'open' }, { phase: 'paused' }, 'failing', 'Its breaker is open'],
    ['breaker trials', { breaker: 'half-open' }, { phase: 'idle' }, 'watching', 'trials'],
    ['breaker closed', { breaker: 'closed' }, { phase: 'idle' }, 'none', undefined],
    ['guardrail failed', {}, { verdicts: [verdict('failed')] }, 'failing', 'error rate: failed'],
    ['failed at 100', {}, { phase: 'completed', verdicts: [verdict('failed')] }, 'failing', 'error rate: failed'],
    ['failed, nobody on it', {}, { phase: 'idle', weight: 0, verdicts: [verdict('failed')] }, 'none', undefined],
    ['rollback held', {}, { rollingBack: { ...rollingBack, heldSince: iso(0) } }, 'failing', 'rollback is held'],
    ['rolling back', {}, { rollingBack }, 'failing', 'being rolled back: it fails'],
    [
      'rolled back by hand',
      {},
      { rollingBack: { ...rollingBack, by: 'alice' }, phase: 'idle' },
      'watching',
      'it fails'
    ],
    ['legacy failing', {}, { legacyHealth: 'failing' }, 'failing', 'Legacy is failing'],
    ['step ready', {}, { readyAt: iso(0) }, 'waiting-for-staff', 'somebody to promote it'],
    [
      'ready, in a window',
      {},
      { readyAt: iso(0), closedBy: 'the night' },
      'waiting-for-staff',
      'somebody to promote it'
    ],
    [
      'ready by itself, in a window',
      {},
      { readyAt: iso(0), closedBy: 'the night', plan: { ...plan, advance: 'automatic' } },
      'watching',
      'the end of the night'
    ],
    ['paused', {}, { phase: 'paused', reason: 'lunch' }, 'waiting-for-staff', 'paused: lunch'],
    [
      'weight refused',
      {},
      { applying: { to: 25, by: 'a', reason: '', since: iso(-6_000) } },
      'waiting-for-staff',
      '25 %'
    ],
    ['being applied', {}, { applying: { to: 25, by: 'a', reason: '', since: iso(-1_000) } }, 'watching', 'under way'],
    ['inconclusive', {}, { verdicts: [verdict('inconclusive')] }, 'waiting-for-staff', 'error rate: inconclusive'],
    ['not measured yet', {}, { verdicts: [verdict('error')] }, 'watching', 'under way'],
    [
      'not measured for the whole step',
      {},
      { verdicts: [verdict('error')], steppedAt: iso(-plan.holdMs) },
      'waiting-for-staff',
      'error rate: error'
    ],
    [
      'different weights',
      {},
      { routes: [...rollout.routes, { id: 'other', weight: 50 }] },
      'waiting-for-staff',
      'different weights'
    ],
    ['rolled back', {}, { phase: 'rolled-back', weight: 0, reason: 'it failed' }, 'waiting-for-staff', 'it failed']
  ]
  for (const [name, facts, changed, attention, why] of cases) {
    const status = { ...rollout, ...changed }
    const found = attentionOf({
      now,
      killedBy: undefined,
      breaker: undefined,
      rollout: status,
      verdict: verdictOf(status),
      ...facts
    })
    expect({ name, attention: found.attention, hasWhy: 'why' in found }).toEqual({
      name,
      attention,
      hasWhy: why !== undefined
    })
    expect(found.why ?? '').toContain(why ?? '')
  }
})

test('the verdict says which guardrail, or for how many more requests it waits', async () => {
  const { rollout } = await startedRollout()
  const of = (verdicts: readonly Verdict[], rest: Partial<RolloutStatus> = {}) =>
    verdictOf({ ...rollout, verdicts: [...verdicts], ...rest })
  const waiting = (more: number) => verdict('waiting', { more, message: `${more} more requests are needed` })
  const answered = { ...rollout.native, requests: 500 }
  expect(of([])).toBeUndefined()
  expect(of([verdict('passed')], { weight: 0 })).toBeUndefined()
  expect(of([verdict('passed'), waiting(10), waiting(90)])).toEqual({
    status: 'waiting',
    message: '90 more requests are needed'
  })
  expect(of([verdict('failed', { message: 'one' }), waiting(10), verdict('failed', { message: 'two' })])).toEqual({
    status: 'failed',
    message: 'one; two'
  })
  expect(of([verdict('inconclusive'), waiting(10)])?.message).toBe('error rate: inconclusive')
  expect(of([verdict('passed')], { native: { ...answered, requests: 480 } })).toEqual({
    status: 'waiting',
    message: 'native has to answer 20 more requests at this step'
  })
  expect(of([verdict('passed')], { native: answered })).toEqual({ status: 'passed', message: 'its guardrail is met' })
  expect(of([verdict('passed'), verdict('passed')], { native: answered })?.message).toBe('all 2 guardrails are met')
})

test('a step ends when its hold time is over, and only while the rollout goes on', async () => {
  const { rollout, now } = await startedRollout()
  const { holdMs } = rollout.plan
  const steps = [{ weight: 10, holdMs: 5_000 }, 50]
  expect(stepEndsAt(rollout, now)).toBe(now + holdMs)
  expect(stepEndsAt(rollout, now + holdMs)).toBeUndefined()
  expect(stepEndsAt({ ...rollout, plan: { ...rollout.plan, steps } }, now)).toBe(now + 5_000)
  expect(stepEndsAt({ ...rollout, plan: { ...rollout.plan, steps }, weight: 60 }, now)).toBe(now + holdMs)
  expect(stepEndsAt({ ...rollout, phase: 'paused' }, now)).toBeUndefined()
})
