import { useState } from 'preact/hooks'
import { Button } from '../components/index.ts'
import { useSession } from '../session.ts'
import type { Action } from './action.ts'
import { ActionDialog } from './action-dialog.tsx'

interface ActionBarProps {
  readonly subject: string
  readonly actions: readonly Action[]
  readonly onDone?: () => void
}

/** The buttons of what can be done; a viewer sees none. */
export function ActionBar({ subject, actions, onDone }: ActionBarProps) {
  const { role } = useSession()
  const [action, setAction] = useState<Action>()
  if (role !== 'operator') return null
  const close = (isDone: boolean) => {
    setAction(undefined)
    if (isDone) onDone?.()
  }
  return (
    <div class="actions">
      {actions.map(each => (
        <Button key={each.name} kind={each.kind} onClick={() => setAction(each)}>
          {each.name}
        </Button>
      ))}
      {action !== undefined && <ActionDialog action={action} subject={subject} onClose={close} />}
    </div>
  )
}
