import { Time } from './components/index.ts'
import { useLive } from './live.ts'

/** Whether what is shown is what is. */
export function LiveState() {
  const { state, at } = useLive()
  return (
    <span class={`live-state ${state}`} role="status">
      {state === 'live' && '● Live'}
      {state === 'connecting' && '○ Connecting …'}
      {state === 'stale' && at !== undefined && (
        <>
          ▲ Stale: as of <Time at={at.toISOString()} />, reconnecting …
        </>
      )}
    </span>
  )
}
