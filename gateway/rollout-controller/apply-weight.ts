import type { Audit } from '../audit/audit.ts'
import type { Actor } from '../audit/entry.ts'
import type { ConfigStore } from '../config/store.ts'
import { setWeight } from '../config/edits.ts'
import { AUTOMATION, type Effect, type RolloutEvent, type StepEvidence } from '../rollout/state.ts'
import { type Group, groupsOf, weightsOf } from './groups.ts'

/** How often a change is made again for a revision that came in between. */
const ATTEMPTS = 5
/** How far back an interrupted change is looked for in the audit: it was the last thing that the process did. */
const ENTRIES = 100
const CHANGED = 'config.change'
const UNDONE = 'config.undo'

type SetWeight = Extract<Effect, { readonly type: 'set-weight' }>
type Outcome = Extract<RolloutEvent, { readonly type: 'weight-applied' | 'weight-refused' | 'weight-changed-outside' }>

export interface ApplyWeightOptions {
  readonly store: ConfigStore
  readonly audit: Audit
  readonly group: Group
  readonly effect: SetWeight
  /** Names the intent for good: the key of its one entry in the audit. */
  readonly key: string
  /** Was the intent there before this process? Then it may have been carried out. */
  readonly isResumed: boolean
  readonly evidence: StepEvidence | undefined
  /** The lease that the change is made under, where replicas share the store. */
  readonly fence?: number | undefined
}

/** Puts a weight in force at most once, and says what came of it. */
export async function applyWeight(options: ApplyWeightOptions): Promise<Outcome> {
  const { store, group, effect, isResumed } = options
  const { id, to } = effect
  const raises = Object.values(effect.from).some(weight => weight < to)
  if (isResumed && raises && !isInForce(options) && (await wasMade(options))) {
    return { type: 'weight-refused', id, problem: 'it was in force, and somebody took it back since' }
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { number } = store.current
    const stands = weightsNow(store, group)
    if (isOutside(stands, effect)) return { type: 'weight-changed-outside', weights: stands }
    const result = await store.change({
      expected: number,
      edit: setWeight(effect.routes, to),
      actor: actorOf(effect.by),
      reason: effect.reason,
      evidence: evidenceOf(options),
      fence: options.fence
    })
    switch (result.outcome) {
      case 'applied':
      case 'unchanged':
        return { type: 'weight-applied', id, weight: to }
      case 'invalid':
        return { type: 'weight-refused', id, problem: result.problems.map(problem => problem.message).join('; ') }
      case 'refused':
        return { type: 'weight-refused', id, problem: result.message }
      case 'stale':
    }
  }
  return { type: 'weight-refused', id, problem: 'the configuration changes too often' }
}

/** Who stands in the audit for what the machine does. */
export function actorOf(by: string): Actor {
  return by === AUTOMATION ? { kind: 'controller', name: 'rollout' } : { kind: 'operator', name: by }
}

/** Somebody moved a route, and not to where the intent is going. */
function isOutside(stands: Readonly<Record<string, number>>, { from, to, routes }: SetWeight): boolean {
  const isKnown = Object.keys(stands).length === routes.length
  return !isKnown || Object.entries(stands).some(([route, weight]) => weight !== from[route] && weight !== to)
}

function isInForce({ store, group, effect }: ApplyWeightOptions): boolean {
  return Object.values(weightsNow(store, group)).every(weight => weight === effect.to)
}

function weightsNow({ current }: ConfigStore, { name }: Group): Readonly<Record<string, number>> {
  const group = groupsOf(current.config).get(name)
  return group === undefined ? {} : weightsOf(group)
}

async function wasMade({ audit, effect, key }: ApplyWeightOptions): Promise<boolean> {
  const [route] = effect.routes
  const query = { limit: ENTRIES, actions: [CHANGED, UNDONE], ...(route === undefined ? {} : { route }) }
  const entries = await audit.entries(query)
  return entries.find(entry => keyOf(entry.evidence) === key)?.action === CHANGED
}

function keyOf(evidence: unknown): unknown {
  return typeof evidence === 'object' && evidence !== null && 'intent' in evidence ? evidence.intent : undefined
}

function evidenceOf({ group, key, evidence }: ApplyWeightOptions): object {
  const base = { rollout: group.name, intent: key }
  return evidence === undefined ? base : { ...base, ...numbersOf(evidence) }
}

/** What was measured, without the sentences. */
export function numbersOf({ step, requests, activeMs, verdicts, share }: StepEvidence): object {
  const { message: _share, ...ofShare } = share
  return {
    step,
    requests,
    activeMs,
    share: ofShare,
    verdicts: verdicts.map(({ message: _message, ...numbers }) => numbers)
  }
}
