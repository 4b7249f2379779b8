import type { RolloutStatus } from '../../../admin/schemas.ts'
import { Phase, Time, TimeLeft } from '../components/index.ts'
import { lengthOf } from '../components/time.tsx'

interface PlanTimelineProps {
  readonly status: RolloutStatus
  readonly stepEndsAt: string | undefined
}

/** The steps of the plan, and where the rollout stands. */
export function PlanTimeline({ status, stepEndsAt }: PlanTimelineProps) {
  const { plan, weight, phase, reason, since, readyAt, closedBy, rollingBack, applying } = status
  return (
    <>
      <p>
        <Phase phase={phase} />, <Time at={since} />
        {reason === '' ? '' : `: ${reason}`}
      </p>
      {rollingBack !== undefined && (
        <p>
          It is being rolled back ({rollingBack.mode}) by {rollingBack.by}: {rollingBack.reason}
        </p>
      )}
      {applying !== undefined && <p>A change to {applying.to} % is being applied.</p>}
      {readyAt !== undefined && (
        <p>
          ▲ The step passed <Time at={readyAt} /> and waits for somebody to promote it.
        </p>
      )}
      {closedBy !== undefined && <p>No weight is raised now: {closedBy}.</p>}
      <ol class="timeline">
        {plan.steps.map(step => {
          const { weight: at, holdMs = plan.holdMs } = typeof step === 'number' ? { weight: step } : step
          const stand = at < weight ? 'done' : at === weight ? 'here' : 'ahead'
          return (
            <li key={at} class={stand} aria-current={stand === 'here' ? 'step' : undefined}>
              <strong>{at} %</strong> <span>{STANDS[stand]}</span>
              <small>
                {stand === 'here' && stepEndsAt !== undefined ? (
                  <TimeLeft until={stepEndsAt} />
                ) : (
                  `hold ${lengthOf(holdMs)}`
                )}
              </small>
            </li>
          )
        })}
      </ol>
      {plan.noAdvance.length > 0 && (
        <p class="quiet">
          No weight is raised:{' '}
          {plan.noAdvance
            .map(({ days, from, to, timeZone }) => `${days.join(', ')} ${from}–${to} (${timeZone})`)
            .join('; ')}
        </p>
      )}
    </>
  )
}

const STANDS = { done: '✔ behind', here: '▶ here', ahead: '○ ahead' } as const
