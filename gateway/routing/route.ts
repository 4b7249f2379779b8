/** What can decide a target, in words that metrics and logs use too; in the order in which `assign` asks. */
export const REASONS = [
  'unmatched',
  'native-only',
  'kill-switch',
  'no-native',
  'override',
  'cohort',
  'weight',
  'breaker'
] as const
export type Reason = (typeof REASONS)[number]

/** The target that this process serves itself; no upstream may have this name. */
export const NATIVE = 'native'

/** The id of the route of everything that no configured route has; no configured route may have it. */
export const UNMATCHED = 'unmatched'

/** A route with its policy resolved: what it does not say itself, the configuration's defaults have said. */
export interface Route {
  readonly id: string
  /** Routes of one group put a caller in the same bucket, so a caller does not change sides between them. */
  readonly group: string
  /** Percentage of callers on native, 0–100, at most two decimals. */
  readonly weight: number
  readonly killSwitch: boolean
  /** User ids whose target is native whatever the weight. */
  readonly cohort: ReadonlySet<string>
  readonly fallback: boolean
  readonly servedBy: boolean
  /** The name of the upstream target that answers when native does not. */
  readonly upstream: string
  /** Milliseconds; an idle limit of 0 means none. */
  readonly timeouts: { readonly response: number; readonly idle: number }
}

export interface Assignment {
  readonly route: Route
  /** `native`, or the name of an upstream target. */
  readonly target: string
  readonly reason: Reason
}

/** One route that a native module registered with Fastify. */
export interface NativeRoute {
  readonly module: string
  readonly method: string
  /** Fastify's pattern, of whole segments only. */
  readonly url: string
}
