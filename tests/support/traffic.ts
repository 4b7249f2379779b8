import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import jsonwebtoken from 'jsonwebtoken'
import { Agent, request } from 'undici'

const CONNECTIONS = 8
const HANG_MS = 12_000

export interface TrafficOptions {
  readonly url: string
  readonly jwtSecret: string
  /** Asked with GET. */
  readonly path: string
  /** How many clinicians ask in turn, each with a token of its own. */
  readonly callers: number
  readonly requestsPerSecond: number
  /** Takes any certificate. */
  readonly insecure?: boolean
  /** Requests in flight at once. Default: 8. */
  readonly connections?: number
  /** What has no answer after so many milliseconds hangs, and is given up. Default: 12,000. */
  readonly hangMs?: number
}

/** One request that ended. */
export interface Seen {
  /** Its position among the callers. */
  readonly caller: number
  /** 0 without an answer. */
  readonly status: number
  /** Of `x-served-by`. */
  readonly side: string
  /** Monotonic milliseconds. */
  readonly endedAt: number
}

export interface Traffic {
  /** Resolves when nothing is in flight any more. */
  stop(): Promise<void>
}

/** Sends reads at an even pace, whatever becomes of them, and tells of each as it ends. */
export function startTraffic(options: TrafficOptions, onSeen: (seen: Seen) => void = () => {}): Traffic {
  const { url, jwtSecret, path, callers, requestsPerSecond, connections = CONNECTIONS, hangMs = HANG_MS } = options
  const tokens = Array.from({ length: callers }, (_each, index) =>
    jsonwebtoken.sign({ userID: userIdOf(index), author: 'somebody' }, jwtSecret, { expiresIn: '12h' })
  )
  const connect = { rejectUnauthorized: options.insecure !== true }
  const agent = new Agent({ connections, pipelining: 1, connect })
  const stopped = new AbortController()
  const inFlight = new Set<Promise<void>>()

  const ask = async (caller: number): Promise<void> => {
    const headers = { authorization: `Bearer ${tokens[caller] ?? ''}`, 'x-request-id': randomUUID() }
    const tell = (status: number, side: string) => onSeen({ caller, status, side, endedAt: performance.now() })
    try {
      const signal = AbortSignal.timeout(hangMs)
      const answer = await request(url + path, { dispatcher: agent, headers, signal })
      await answer.body.dump()
      tell(answer.statusCode, String(answer.headers['x-served-by']))
    } catch {
      tell(0, '')
    }
  }

  const run = async () => {
    const start = performance.now()
    for (let count = 0; !stopped.signal.aborted; count++) {
      const asked = ask(count % callers)
      inFlight.add(asked)
      void asked.finally(() => inFlight.delete(asked))
      const dueAt = start + ((count + 1) * 1000) / requestsPerSecond
      await pause(Math.max(dueAt - performance.now(), 0), undefined, { signal: stopped.signal }).catch(() => {})
    }
    await Promise.all(inFlight)
    await agent.destroy()
  }
  const running = run()
  return {
    stop() {
      stopped.abort()
      return running
    }
  }
}

/**
 * The same callers in every run. Of some dozens with random ids one run in twenty has so few on native at 10 % that a
 * rollout never has its evidence; of these 7 of 60, 11 of 90 and 11 of 120 are.
 */
function userIdOf(index: number): string {
  return `c${(index + 1).toString(16)}`.padStart(24, '0')
}

/** What callers were served by, one after the other without repetitions: every sequence that there was, once. */
export function sidesByCaller(answers: readonly Seen[]): string[] {
  const sides = new Map<number, string[]>()
  for (const { caller, side } of answers) {
    const own = sides.get(caller) ?? []
    if (own.at(-1) !== side) sides.set(caller, [...own, side])
  }
  return [...new Set([...sides.values()].map(own => own.join(' → ')))].sort()
}
