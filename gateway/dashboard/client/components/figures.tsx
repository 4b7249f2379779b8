const percent = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 2 })
const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const rate = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 })

interface FigureProps {
  readonly value: number | undefined
}

/** A percentage, 0 to 100; a dash when there is none. */
export function Percent({ value }: FigureProps) {
  return <span class="figure">{value === undefined ? '–' : `${percent.format(value)} %`}</span>
}

/** A time in milliseconds. */
export function Millis({ value }: FigureProps) {
  if (value === undefined) return <span class="figure">–</span>
  return <span class="figure">{`${(value < 10 ? rate : whole).format(value)} ms`}</span>
}

/** Requests a second. */
export function Rate({ value }: FigureProps) {
  return <span class="figure">{value === undefined ? '–' : `${rate.format(value)} req/s`}</span>
}
