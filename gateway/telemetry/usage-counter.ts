import type { Side } from '../rollout/callers.ts'
import type { Reason } from '../routing/route.ts'

/** Requests of one route that ended, and what had decided who was to answer them. */
export interface EndedRequests {
  readonly routeId: string
  readonly side: Side
  readonly reason: Reason
  readonly requests: number
}

/** Takes in what routes were asked for, a time after the other; times are milliseconds since 1970. */
export interface UsageCounter {
  count(at: number, ended: EndedRequests): void
  /** Notes a caller whose side is, or was to be, the weight's to decide. */
  see(at: number, routeId: string, bucket: number): void
}
