import type { Breakers } from '../breaker/breakers.ts'
import type { Clock } from '../clock.ts'
import { type Edge, NO_BUCKET } from '../edge.ts'
import type { Callers } from '../rollout/callers.ts'
import type { Evidence, Outcome } from '../rollout/evidence.ts'
import { bucketOf } from '../routing/bucket.ts'
import { NATIVE } from '../routing/route.ts'
import { CLIENT_LEFT, type EndedRequest, type OnEnded } from '../telemetry/observe.ts'

const SWITCHING_PROTOCOLS = 101

export interface RecorderOptions {
  readonly clock: Clock
  readonly evidence: Pick<Evidence, 'record'>
  readonly callers: Pick<Callers, 'see'>
  readonly breakers: Breakers
}

/**
 * What a request says of its target depends on why it went there. The weight's callers are a random sample, so they are
 * compared; those of an override or a cohort are not, and only the breaker hears of them. One whose client left first
 * says nothing of anybody.
 */
export function createRecorder({ clock, evidence, callers, breakers }: RecorderOptions): OnEnded {
  const recordOne = (now: number, { edge, status, milliseconds }: EndedRequest) => {
    const { assignment, fellBack } = edge
    const { route, target, reason } = assignment
    const isNative = target === NATIVE
    if (reason === 'breaker') return see(edge)
    // Native's router did not know the path: nobody's failure.
    if (isNative && !fellBack && edge.servedBy !== NATIVE) return
    if (status === CLIENT_LEFT && !fellBack) return

    const outcome = fellBack ? 'server-error' : outcomeOf(status, edge.failure)
    if (isNative) breakers.ended(route.id, outcome === 'answered' || outcome === 'refused')
    if (reason !== 'weight') return
    // How long a WebSocket stays open is no latency.
    const duration = status === SWITCHING_PROTOCOLS ? 0 : milliseconds
    evidence.record(now, route.id, target, outcome, duration, fellBack)
    see(edge)
  }

  const see = ({ assignment: { route, target }, revision, bucket, client }: Edge) => {
    if (route.weight === 0) return
    // At 100 nobody was asked who the caller is, and no share depends on it.
    const known = bucket === NO_BUCKET ? bucketOf(client.address, route.group) : bucket
    callers.see(route.group, revision, target === NATIVE ? 'native' : 'legacy', known)
  }

  return batch => {
    const now = clock.now()
    for (const request of batch) recordOne(now, request)
  }
}

function outcomeOf(status: number, failure: string | undefined): Outcome {
  if (failure !== undefined) return failure === 'upstream_timeout' ? 'timeout' : 'network-error'
  if (status >= 500) return 'server-error'
  return status >= 400 ? 'refused' : 'answered'
}
