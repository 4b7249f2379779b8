import type { TargetedSubmitEvent } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { Plan, PlanChange } from '../../../admin/schemas.ts'
import { ApiProblem, get, send } from '../api.ts'
import { Button, Changes, Dialog, Notice, ReasonField } from '../components/index.ts'
import { useAnswer } from '../editor/answer.ts'
import { staleOf } from '../editor/answers.ts'
import type { Since } from '../editor/editing.ts'
import { messageOf } from '../editor/message.ts'
import { Others } from '../editor/others.tsx'
import { PlanEffects } from '../editor/plan-effects.tsx'
import type { Action } from './action.ts'

interface ActionDialogProps {
  readonly action: Action
  /** The route or group, for the title. */
  readonly subject: string
  /** @param done whether it was done */
  readonly onClose: (done: boolean) => void
}

interface Failure {
  readonly message: string
  /** What others changed since the revision that the plan was made for. */
  readonly since?: Since & { readonly planned: number }
  readonly mayForce: boolean
}

/** Shows what an action will move, asks for a reason, and does it once. */
export function ActionDialog({ action, subject, onClose }: ActionDialogProps) {
  const [reason, setReason] = useState('')
  const [weight, setWeight] = useState('')
  const [look, setLook] = useState(0)
  const [failure, setFailure] = useState<Failure>()
  const [isForced, setForced] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const isSent = useRef(false)
  const change = changeOf(action, weight)
  const asked = JSON.stringify({ change, look })
  const { answer, failure: planFailure } = useAnswer(() => planOf(change, asked), [asked])
  // An answer to an earlier weight, or from before another look, is no plan of this one.
  const plan = answer?.for === asked ? answer : undefined
  const isStale = failure?.since !== undefined

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (isSent.current || isStale || plan === undefined) return
    isSent.current = true
    setBusy(true)
    setFailure(undefined)
    try {
      await action.run(
        {
          ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
          ...(action.asksWeight === undefined ? {} : { weight: Number(weight) }),
          ...(isForced ? { force: true } : {})
        },
        action.isEmergency ? '*' : plan.revision
      )
      onClose(true)
    } catch (error) {
      isSent.current = false
      setFailure(failureOf(error, plan.revision))
      setBusy(false)
    }
  }
  const lookAgain = () => {
    setFailure(undefined)
    setLook(look + 1)
  }
  const needsReason = action.needsReason === true || plan?.plan?.reasonRequired === true

  return (
    <Dialog title={`${action.name}: ${subject}`} onClose={() => onClose(false)}>
      <form onSubmit={event => void submit(event)}>
        <p>{action.what}</p>
        {action.asksWeight !== undefined && (
          <WeightField from={action.asksWeight.from} value={weight} onInput={setWeight} />
        )}
        <div class="effects" aria-live="polite">
          {plan === undefined && change !== undefined && planFailure === undefined && <p>Looking at what it moves …</p>}
          {plan?.plan !== undefined && <PlanEffects plan={plan.plan} />}
          {plan?.plan?.routes.length === 0 && <p>It moves nobody: weights and kill switches are so already.</p>}
        </div>
        <ReasonField value={reason} required={needsReason} onInput={setReason} />
        {planFailure !== undefined && <Notice kind="error">{planFailure}</Notice>}
        {failure !== undefined && <FailureNotice failure={failure} onLookAgain={lookAgain} />}
        {failure?.mayForce === true && (
          <label class="check">
            <input type="checkbox" checked={isForced} onChange={event => setForced(event.currentTarget.checked)} />
            Force it all the same
          </label>
        )}
        <div class="dialog-buttons">
          <Button disabled={isBusy} onClick={() => onClose(false)}>
            Cancel
          </Button>
          <Button kind={action.kind} type="submit" busy={isBusy} disabled={isStale || plan === undefined}>
            {action.name}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}

interface WeightFieldProps {
  readonly from: number
  readonly value: string
  readonly onInput: (text: string) => void
}

function WeightField({ from, value, onInput }: WeightFieldProps) {
  return (
    <label class="field">
      <span>Weight in percent, now {from} %</span>
      <input
        type="number"
        min="0"
        max="100"
        step="0.01"
        required
        value={value}
        onInput={event => onInput(event.currentTarget.value)}
      />
    </label>
  )
}

interface FailureNoticeProps {
  readonly failure: Failure
  readonly onLookAgain: () => void
}

function FailureNotice({ failure: { message, since }, onLookAgain }: FailureNoticeProps) {
  if (since === undefined) return <Notice kind="error">{message}</Notice>
  return (
    <Notice kind="warning">
      <p>Somebody changed the configuration meanwhile, so nothing was done:</p>
      <Others from={since.planned} to={since.current} />
      <Changes changes={since.changes} />
      <Button onClick={onLookAgain}>Look again</Button>
    </Notice>
  )
}

interface Planned {
  /** What was asked. */
  readonly for: string
  readonly plan?: Plan
  /** What the action is based on. */
  readonly revision: number
}

async function planOf(change: PlanChange | undefined, asked: string): Promise<Planned | undefined> {
  if (change !== undefined) {
    const { data: plan } = await send<Plan>('POST', '/config/plan', { change })
    return { for: asked, plan, revision: plan.revision }
  }
  const { revision } = await get<unknown>('/rollouts')
  return revision === undefined ? undefined : { for: asked, revision }
}

function changeOf({ change, asksWeight }: Action, weight: string): PlanChange | undefined {
  if (asksWeight === undefined) return change
  const asked = Number(weight)
  const isWeight = weight !== '' && asked >= 0 && asked <= 100
  return isWeight ? { kind: 'set', target: asksWeight.group, weight: asked } : undefined
}

function failureOf(error: unknown, planned: number): Failure {
  const message = messageOf(error)
  if (!(error instanceof ApiProblem)) return { message, mayForce: false }
  const stale = error.code === 'stale' ? staleOf(error.body) : undefined
  if (stale !== undefined) return { message, since: { ...stale, planned }, mayForce: false }
  return { message, mayForce: error.code === 'refused' && /\bforce\b/i.test(message) }
}
