/**
 * A circuit breaker of one route's native side, as data and pure functions.
 *
 * Own code beside `cockatiel` (4.0) and `opossum` (10.0), both well kept: they wrap a call that returns a promise, time it,
 * and throw when open. Here nothing is called: the breaker is one of the reasons that decide an assignment, asked
 * before a router picks the handler, answered by streams whose end is seen elsewhere, and its clock is injected. Of a
 * library only the counting below would be left.
 */
export interface BreakerOptions {
  /** Failures in a row that open it. Default 10. */
  readonly consecutiveFailures?: number
  /** Share of failures, above 0 to 1, that opens it. Default 0.5. */
  readonly failureRatio?: number
  /** Requests of the window before the ratio counts. Default 20. */
  readonly minimumRequests?: number
  /** Milliseconds; the ratio is over the last one to two of these. Default 5 s. */
  readonly windowMs?: number
  /** Milliseconds that it stays open before trials. Default 10 s; doubled at each failed trial. */
  readonly cooldownMs?: number
  /** The longest cooldown, in milliseconds. Default 5 min. */
  readonly longestCooldownMs?: number
  /** Trials that may be under way at once, and that must succeed in a row to close it. Default 3. */
  readonly trials?: number
  /** Milliseconds after which a trial that never ended is given up. Default 60 s. */
  readonly trialTimeoutMs?: number
}

interface Span {
  readonly since: number
  readonly requests: number
  readonly failures: number
}

export type BreakerState =
  | { readonly status: 'closed'; readonly consecutive: number; readonly current: Span; readonly previous: Span }
  | { readonly status: 'open'; readonly since: number; readonly until: number; readonly cooldownMs: number }
  | {
      readonly status: 'half-open'
      readonly since: number
      readonly cooldownMs: number
      /** When the trials under way began. */
      readonly underWay: readonly number[]
      readonly succeeded: number
    }

export interface Breaker {
  /** Times are milliseconds of any clock that never goes back. */
  closed(now: number): BreakerState
  /** Whether a request may be assigned to native. Only looks. */
  admits(state: BreakerState, now: number): boolean
  /** A request went to native; `admits` was asked in the same turn. */
  began(state: BreakerState, now: number): BreakerState
  /** A request of native has ended. */
  ended(state: BreakerState, success: boolean, now: number): BreakerState
}

/** The rules of a breaker; every state belongs to its caller. */
export function breaker(options: BreakerOptions = {}): Breaker {
  const { consecutiveFailures = 10, failureRatio = 0.5, minimumRequests = 20, windowMs = 5_000 } = options
  const { cooldownMs = 10_000, longestCooldownMs = 300_000, trials = 3, trialTimeoutMs = 60_000 } = options

  const open = (now: number, cooldown: number): BreakerState => {
    const bounded = Math.min(cooldown, longestCooldownMs)
    return { status: 'open', since: now, until: now + bounded, cooldownMs: bounded }
  }
  const alive = (underWay: readonly number[], now: number) => underWay.filter(began => now - began < trialTimeoutMs)

  const count = (state: Extract<BreakerState, { status: 'closed' }>, success: boolean, now: number): BreakerState => {
    const turned = now - state.current.since >= windowMs
    const current = add(turned ? span(now) : state.current, success)
    const stale = now - state.current.since >= 2 * windowMs
    const previous = turned ? (stale ? span(now) : state.current) : state.previous
    const consecutive = success ? 0 : state.consecutive + 1
    const requests = current.requests + previous.requests
    const failures = current.failures + previous.failures
    const trips =
      consecutive >= consecutiveFailures || (requests >= minimumRequests && failures / requests >= failureRatio)
    return !success && trips ? open(now, cooldownMs) : { status: 'closed', consecutive, current, previous }
  }

  return {
    closed,
    admits(state, now) {
      if (state.status === 'closed') return true
      if (state.status === 'open') return now >= state.until
      return alive(state.underWay, now).length < trials
    },
    began(state, now) {
      if (state.status === 'open' && now >= state.until) {
        return { status: 'half-open', since: now, cooldownMs: state.cooldownMs, underWay: [now], succeeded: 0 }
      }
      return state.status === 'half-open' ? { ...state, underWay: [...alive(state.underWay, now), now] } : state
    },
    ended(state, success, now) {
      // What ends while it is open began before it opened.
      if (state.status === 'open') return state
      if (state.status === 'closed') return count(state, success, now)
      if (state.underWay.length === 0) return state
      if (!success) return open(now, state.cooldownMs * 2)
      const succeeded = state.succeeded + 1
      return succeeded >= trials ? closed(now) : { ...state, succeeded, underWay: state.underWay.slice(1) }
    }
  }
}

function closed(now: number): BreakerState {
  return { status: 'closed', consecutive: 0, current: span(now), previous: span(now) }
}

function span(now: number): Span {
  return { since: now, requests: 0, failures: 0 }
}

function add({ since, requests, failures }: Span, success: boolean): Span {
  return { since, requests: requests + 1, failures: failures + (success ? 0 : 1) }
}
