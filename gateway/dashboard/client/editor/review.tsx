import { useEffect, useState } from 'preact/hooks'
import type { Diff, Plan, PlanChange } from '../../../admin/schemas.ts'
import { ApiProblem, get, send } from '../api.ts'
import { Button, Changes, Dialog, Notice, ReasonField } from '../components/index.ts'
import { problemsOf, staleOf } from './answers.ts'
import type { Since } from './editing.ts'
import { messageOf } from './message.ts'
import { PlanEffects } from './plan-effects.tsx'

interface ReviewProps {
  readonly title: string
  /** Of the button that makes the change. */
  readonly action: string
  readonly change: PlanChange
  /** The revision that the change was made for; default: the one that serves when the review opens. */
  readonly revision?: number
  /** Makes the change for a revision; rejects when it is not made. */
  readonly apply: (order: { readonly revision: number; readonly reason: string }) => Promise<number>
  /** It is made and serves, as a revision of this number. */
  readonly onDone: (revision: number) => void
  /** Another revision than the expected one serves; nothing was changed. */
  readonly onStale: (stale: Since) => void
  readonly onClose: () => void
}

/** The step before a change of the configuration: what would change for whom, and why it is done. */
export function Review({ title, action, change, revision, apply, onDone, onStale, onClose }: ReviewProps) {
  const [plan, setPlan] = useState<Plan>()
  const [reason, setReason] = useState('')
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)

  const fail = (error: unknown) => {
    const stale = error instanceof ApiProblem ? staleOf(error.body) : undefined
    if (stale === undefined) setFailure(failureOf(error))
    else onStale(stale)
  }

  useEffect(() => {
    planFor(change, revision).then(answer => ('plan' in answer ? setPlan(answer.plan) : onStale(answer.stale)), fail)
  }, [])

  const make = async (planned: Plan) => {
    setBusy(true)
    setFailure(undefined)
    try {
      onDone(await apply({ revision: planned.revision, reason: reason.trim() }))
    } catch (error) {
      fail(error)
    } finally {
      setBusy(false)
    }
  }

  const isMissingReason = plan?.reasonRequired === true && reason.trim() === ''
  return (
    <Dialog title={title} onClose={onClose}>
      {failure !== undefined && <Notice kind="error">{failure}</Notice>}
      {plan === undefined ? (
        failure === undefined && <p aria-busy="true">Looking at what would change …</p>
      ) : (
        <>
          <PlanSummary plan={plan} />
          <ReasonField value={reason} required={plan.reasonRequired} onInput={setReason} />
        </>
      )}
      <div class="dialog-buttons">
        <Button onClick={onClose}>Go back</Button>
        {plan !== undefined && (
          <Button kind="primary" busy={busy} disabled={isMissingReason} onClick={() => make(plan)}>
            {action}
          </Button>
        )}
      </div>
    </Dialog>
  )
}

function PlanSummary({ plan }: { readonly plan: Plan }) {
  if (plan.changes.length === 0) {
    return <Notice kind="info">Only the layout of the text differs. Every route stays as it is.</Notice>
  }
  return (
    <>
      <h3>
        {plan.changes.length === 1 ? 'One change' : `${plan.changes.length} changes`} to revision {plan.revision}
      </h3>
      <Changes changes={plan.changes} />
      <PlanEffects plan={plan} />
    </>
  )
}

type Planned = { readonly plan: Plan } | { readonly stale: Since }

/** What a change comes to, or what was changed meanwhile when it was made for a revision that no longer serves. */
async function planFor(change: PlanChange, revision: number | undefined): Promise<Planned> {
  const { data: plan } = await send<Plan>('POST', '/config/plan', { change })
  if (revision === undefined || revision === plan.revision) return { plan }
  const { data: diff } = await get<Diff>(`/config/diff?from=${revision}&to=${plan.revision}`)
  return { stale: { current: plan.revision, changes: diff.changes } }
}

function failureOf(error: unknown): string {
  const problems = error instanceof ApiProblem ? problemsOf(error.body) : undefined
  if (problems !== undefined) return problems.map(({ message }) => message).join('\n')
  return messageOf(error)
}
