import type { LiveRoute } from '../../../admin/schemas.ts'

const MARKS = { idle: '○', progressing: '▶', paused: '⏸', completed: '✔', 'rolled-back': '↩' } as const

/** The phase of a rollout, as a word with a mark. */
export function Phase({ phase }: { readonly phase: LiveRoute['phase'] }) {
  if (phase === undefined) return <span class="quiet">no rollout</span>
  return (
    <span class={`phase ${phase}`}>
      <span aria-hidden="true">{MARKS[phase]}</span> {phase}
    </span>
  )
}
