import { type CallerIdentity, callerKeyOf } from '../caller-identity.ts'
import type { Clock } from '../clock.ts'
import { type Edge, NO_BUCKET } from '../edge.ts'
import { bucketOf } from '../routing/bucket.ts'
import { NATIVE } from '../routing/route.ts'
import type { OnEnded } from './observe.ts'
import type { UsageCounter } from './usage-counter.ts'

export interface UsageRecorderOptions {
  readonly clock: Clock
  readonly identity: Pick<CallerIdentity, 'userId'>
  readonly counter: UsageCounter
}

/** Counts requests that ended. */
export function createUsageRecorder({ clock, identity, counter }: UsageRecorderOptions): OnEnded {
  // At 0, at 100 and under a kill switch the assignment does not ask who the caller is, so that is done here, where a
  // token that was seen before costs a look-up.
  const bucket = ({ bucket: known, assignment: { route }, authorization, client }: Edge) =>
    known === NO_BUCKET ? bucketOf(callerKeyOf(identity.userId(authorization), client.address), route.group) : known

  return batch => {
    const now = clock.now()
    for (const { edge } of batch) {
      const { route, target, reason } = edge.assignment
      counter.count(now, { routeId: route.id, side: target === NATIVE ? 'native' : 'legacy', reason, requests: 1 })
      const isWeights = reason === 'weight' || reason === 'breaker' || reason === 'kill-switch'
      if (isWeights) counter.see(now, route.id, bucket(edge))
    }
  }
}
