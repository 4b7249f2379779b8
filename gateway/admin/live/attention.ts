import { AUTOMATION } from '../../rollout/state.ts'
import type { LiveRoute, RolloutStatus } from '../schemas.ts'
import { stepEndsAt } from './verdict.ts'

/** A weight is applied within a moment; one that is not after so long was refused, and is tried again and again. */
const APPLYING_MS = 5_000

export interface Facts {
  readonly now: number
  /** What turns all of its callers away from native, as a sentence; undefined when nothing does. */
  readonly killedBy: string | undefined
  readonly breaker: LiveRoute['breaker']
  readonly verdict: LiveRoute['verdict']
  readonly rollout: RolloutStatus | undefined
}

type Why = string | false | undefined

/** How much a route needs somebody, and what for. */
export function attentionOf(facts: Facts): Pick<LiveRoute, 'attention' | 'why'> {
  for (const [attention, reasons] of [
    ['failing', failing],
    ['waiting-for-staff', waitingForStaff],
    ['watching', watching]
  ] as const) {
    const why = reasons(facts).find(reason => typeof reason === 'string')
    if (typeof why === 'string') return { attention, why }
  }
  return { attention: 'none' }
}

/** The gravest first. */
function failing({ killedBy, breaker, verdict, rollout }: Facts): Why[] {
  const rollback = rollout?.rollingBack
  return [
    killedBy,
    verdict?.status === 'failed' && `A guardrail has failed: ${verdict.message}.`,
    rollback?.heldSince !== undefined && 'Its rollback is held: legacy is failing its health checks.',
    rollback !== undefined && rollback.by === AUTOMATION && `It is being rolled back: ${rollback.reason}.`,
    breaker === 'open' && 'Its breaker is open: native fails too often, and its callers go upstream.',
    rollout?.phase === 'progressing' && rollout.legacyHealth === 'failing' && 'Legacy is failing its health checks.'
  ]
}

function waitingForStaff({ now, verdict, rollout }: Facts): Why[] {
  if (rollout === undefined) return []
  const { phase, reason, readyAt, applying, routes, share, plan } = rollout
  const isRefused = applying !== undefined && now - Date.parse(applying.since) > APPLYING_MS
  const isProgressing = phase === 'progressing'
  const waitsForWindow = plan.advance === 'automatic' && rollout.closedBy !== undefined
  const isHeld = stepEndsAt(rollout, now) !== undefined
  return [
    isRefused && `The weight ${applying.to} % cannot be applied: it is tried again and again.`,
    phase === 'paused' && `The rollout is paused${reason === '' ? '' : `: ${reason}`}.`,
    readyAt !== undefined && !waitsForWindow && 'The step has passed and waits for somebody to promote it.',
    isProgressing && verdict?.status === 'inconclusive' && `The evidence decides nothing: ${verdict.message}.`,
    isProgressing && verdict?.status === 'error' && !isHeld && `Nothing can be measured: ${verdict.message}.`,
    isProgressing && share?.status === 'differs' && `The share of callers is not the weight: ${share.message}.`,
    isProgressing && new Set(routes.map(route => route.weight)).size > 1 && 'Its group stands at different weights.',
    phase === 'rolled-back' && `It was rolled back${reason === '' ? '' : `: ${reason}`}.`
  ]
}

function watching({ breaker, rollout }: Facts): Why[] {
  const { readyAt, closedBy, phase, rollingBack } = rollout ?? {}
  return [
    breaker === 'half-open' && 'Its breaker lets trials through to native.',
    rollingBack !== undefined && `It is being rolled back: ${rollingBack.reason}.`,
    readyAt !== undefined && closedBy !== undefined && `The step has passed and waits for the end of ${closedBy}.`,
    phase === 'progressing' && 'A rollout is under way.'
  ]
}
