import type { RolloutState } from '../rollout/state.ts'
import { errorsOf, type Summary } from '../rollout/evidence.ts'

const PING_TIMEOUT_MS = 1_000
/** Checks in a row that must fail before legacy counts as failing. */
const LEGACY_FAILURES = 3
/** The share of errors, of at least so many requests, at which legacy counts as failing whatever its pings say. */
const FAILING_RATIO = 0.5
const LEAST_REQUESTS = 20

export interface HealthOptions {
  readonly pingNative: () => Promise<void>
  /** Resolves when the upstream of that name answers anything. */
  readonly pingUpstream: (name: string) => Promise<void>
}

/** Whether either side answers, asked apart from the traffic. */
export class Health {
  /** Checks of native in a row that failed; undefined before the first. */
  nativeFailures: number | undefined
  readonly #options: HealthOptions
  readonly #upstreamFailures = new Map<string, number>()

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** Asks native and the upstreams once. Never rejects; takes at most a second. */
  async check(upstreams: Iterable<string>): Promise<void> {
    const { pingNative, pingUpstream } = this.#options
    const askNative = async () => {
      this.nativeFailures = (await answers(pingNative)) ? 0 : (this.nativeFailures ?? 0) + 1
    }
    const askUpstreams = [...new Set(upstreams)].map(async name => {
      const isUp = await answers(() => pingUpstream(name))
      this.#upstreamFailures.set(name, isUp ? 0 : (this.#upstreamFailures.get(name) ?? 0) + 1)
    })
    await Promise.all([askNative(), ...askUpstreams])
  }

  /** @param recent what the upstreams together answered of late. */
  legacy(upstreams: readonly string[], recent: Summary): RolloutState['legacy'] {
    if (recent.requests >= LEAST_REQUESTS && errorsOf(recent) / recent.requests >= FAILING_RATIO) return 'failing'
    const failures = upstreams.map(name => this.#upstreamFailures.get(name))
    if (failures.some(count => count !== undefined && count >= LEGACY_FAILURES)) return 'failing'
    return failures.every(count => count === 0) ? 'healthy' : 'unknown'
  }
}

async function answers(ping: () => Promise<void>): Promise<boolean> {
  const late = Promise.withResolvers<false>()
  const timer = setTimeout(late.resolve, PING_TIMEOUT_MS, false)
  const answered = ping().then(
    () => true,
    () => false
  )
  const result = await Promise.race([answered, late.promise])
  clearTimeout(timer)
  return result
}
