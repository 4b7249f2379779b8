import { type CallerIdentity, callerKeyOf } from '../caller-identity.ts'
import type { Clock } from '../clock.ts'
import { type Edge, NO_BUCKET } from '../edge.ts'
import { bucketOf } from '../routing/bucket.ts'
import type { HourCallers } from './hour-callers.ts'
import type { OnEnded } from './observe.ts'
import type { Traffic } from './traffic.ts'

export interface TrafficRecorderOptions {
  readonly clock: Clock
  readonly traffic: Traffic
  readonly hourCallers: HourCallers
  readonly identity: Pick<CallerIdentity, 'userId'>
}

/**
 * Counts requests for those who look at routes, and notes the callers whose side is, or was to be, the weight's to decide.
 * At 0, at 100 and under a kill switch the assignment does not ask who the caller is, so that is done here, where a token
 * that was seen before costs a look-up.
 */
export function createTrafficRecorder({ clock, traffic, hourCallers, identity }: TrafficRecorderOptions): OnEnded {
  const bucket = ({ bucket: known, assignment: { route }, authorization, client }: Edge) =>
    known === NO_BUCKET ? bucketOf(callerKeyOf(identity.userId(authorization), client.address), route.group) : known

  return batch => {
    const now = clock.now()
    for (const { edge } of batch) {
      const { route, reason } = edge.assignment
      traffic.count(now, edge.assignment)
      const isWeights = reason === 'weight' || reason === 'breaker' || reason === 'kill-switch'
      if (isWeights) hourCallers.see(now, route.id, bucket(edge))
    }
  }
}
