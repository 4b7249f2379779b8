import type { Assigner } from '../assigner.ts'
import { type CallerIdentity, callerKeyOf } from '../caller-identity.ts'
import type { Clock } from '../clock.ts'
import { bucketOf } from '../routing/bucket.ts'
import { UNMATCHED } from '../routing/route.ts'
import type { Unmatched } from './unmatched.ts'

export interface WatchUnmatchedOptions {
  readonly clock: Clock
  readonly unmatched: Unmatched
  readonly identity: Pick<CallerIdentity, 'userId'>
}

/** An assigner that notes what no route matches; any other request costs it one comparison. */
export function watchingUnmatched(decide: Assigner, { clock, unmatched, identity }: WatchUnmatchedOptions): Assigner {
  return request => {
    const edge = decide(request)
    if (edge.assignment.reason === UNMATCHED) {
      const { client, authorization } = edge
      const bucket = bucketOf(callerKeyOf(identity.userId(authorization), client.address), UNMATCHED)
      unmatched.see(clock.now(), request.method ?? 'GET', request.url ?? '/', bucket)
    }
    return edge
  }
}
