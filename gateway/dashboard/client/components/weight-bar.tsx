interface WeightBarProps {
  /** In percent. */
  readonly weight: number
  /** The weights of the plan's steps. */
  readonly steps: readonly number[]
}

/** A weight as a bar, with a tick at each step of the plan. */
export function WeightBar({ weight, steps }: WeightBarProps) {
  return (
    <span class="weight">
      <svg class="weight-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="legacy" width="100" height="10" />
        <rect class="native" width={weight} height="10" />
        {steps.map(step => (
          <line key={step} class="tick" x1={step} x2={step} y1="0" y2="10" />
        ))}
      </svg>
      <span class="figure">{weight} %</span>
    </span>
  )
}
