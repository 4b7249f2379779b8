type Points = readonly (number | null)[]

interface SparklineProps {
  readonly native: Points
  readonly legacy: Points
  /** The value at the top; the same for every line that is to be compared. */
  readonly top: number
}

const WIDTH = 60
const HEIGHT = 18

/** Both sides over the last half hour. The numbers beside it say what it shows, so it is hidden from screen readers. */
export function Sparkline({ native, legacy, top }: SparklineProps) {
  return (
    <svg class="spark" viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} aria-hidden="true">
      <path class="legacy" d={lineOf(legacy, top)} />
      <path class="native" d={lineOf(native, top)} />
    </svg>
  )
}

function lineOf(points: Points, top: number): string {
  const last = Math.max(points.length - 1, 1)
  let isDrawing = false
  return points
    .map((point, index) => {
      const command = isDrawing ? 'L' : 'M'
      isDrawing = point !== null
      if (point === null) return ''
      const y = HEIGHT * (1 - Math.min(point / top, 1))
      return `${command}${((index / last) * WIDTH).toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
