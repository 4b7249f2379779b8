import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import type { Mark } from './marks.ts'

export interface Line {
  readonly label: string
  /** Of styles.css: the two sides have the same colours everywhere. */
  readonly color: '--native' | '--legacy'
  readonly dash?: readonly number[]
  /** At the times; null: no requests. */
  readonly values: readonly (number | null)[]
}

interface ChartProps {
  readonly title: string
  readonly unit: '%' | 'ms'
  /** In seconds since 1970. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly marks: readonly Mark[]
  /** The top of the scale; without one the highest value decides. */
  readonly top?: number
}

const HEIGHT = 200
/** A single window is no span of time to draw. */
const LEAST_SECONDS = 60
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** Lines over time with what happened marked. What it shows is said beside it, in a table. */
export function Chart({ title, unit, times, lines, marks, top }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const shownMarks = useRef(marks)
  const scheme = useScheme()
  shownMarks.current = marks
  const labels = lines.map(({ label }) => label).join()

  useEffect(() => {
    if (box.current === null) return undefined
    const parent = box.current
    const made = new uPlot(
      optionsOf({ parent, unit, lines, top, marks: () => shownMarks.current }),
      dataOf(times, lines),
      parent
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height: HEIGHT }))
    observer.observe(parent)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [labels, unit, top, scheme])
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines, marks])

  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={box} aria-hidden="true" />
    </figure>
  )
}

interface PlotParts extends Pick<ChartProps, 'unit' | 'lines'> {
  readonly parent: HTMLElement
  readonly top: number | undefined
  readonly marks: () => readonly Mark[]
}

function optionsOf({ parent, unit, lines, top, marks }: PlotParts): uPlot.Options {
  const style = getComputedStyle(parent)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const axis = { stroke: style.color, grid: { stroke: style.borderColor, width: 1 }, ticks: { show: false } }
  return {
    width: parent.clientWidth,
    height: HEIGHT,
    padding: [12, 32, 0, 0],
    scales: {
      x: { range: (_plot, min, max) => [Math.min(min, max - LEAST_SECONDS), max] },
      y: { range: (_plot, _min, max) => [0, top ?? Math.max(max * 1.1, 1)] }
    },
    axes: [
      {
        ...axis,
        size: 36,
        gap: 10,
        space: 90,
        values: (_plot, values) => values.map(value => clock.format(value * 1000))
      },
      { ...axis, size: 64, values: (_plot, values) => values.map(value => `${value} ${unit}`) }
    ],
    series: [
      {
        label: 'Time',
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : clock.format(value * 1000))
      },
      ...lines.map(({ label, color, dash }) => ({
        label,
        stroke: colour(`${color}-line`),
        points: { fill: colour(`${color}-line`), size: 4 },
        width: 2,
        ...(dash === undefined ? {} : { dash: [...dash] }),
        value: (_plot: uPlot, value: number | null) => (value === null ? '–' : `${value.toFixed(1)} ${unit}`)
      }))
    ],
    legend: { markers: { dash: (_plot, index) => markerOf(lines[index - 1]?.dash) } },
    hooks: { draw: [plot => drawMarks(plot, marks(), colour('--mark'))] }
  }
}

/** The border of a line's mark in the legend, which is to look as the line does. */
function markerOf(dash: Line['dash']): 'solid' | 'dotted' | 'dashed' {
  if (dash === undefined) return 'solid'
  const [drawn = 0, left = 0] = dash
  return drawn < left ? 'dotted' : 'dashed'
}

function drawMarks(plot: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox, scales } = plot
  const { min, max } = scales['x'] ?? {}
  if (min === undefined || max === undefined || min === null || max === null) return
  ctx.save()
  ctx.strokeStyle = colour
  ctx.fillStyle = colour
  ctx.setLineDash([4, 4])
  ctx.font = `${11 * devicePixelRatio}px system-ui`
  ctx.textAlign = 'left'
  let free = 0
  for (const { at, text } of marks) {
    if (at < min || at > max) continue
    const x = Math.round(plot.valToPos(at, 'x', true))
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
    // A label that would cover the one before is left out; the history below says it.
    if (x < free) continue
    ctx.fillText(text, x + 3 * devicePixelRatio, bbox.top + 10 * devicePixelRatio)
    free = x + ctx.measureText(text).width + 8 * devicePixelRatio
  }
  ctx.restore()
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])]
}

/** Changes when the reader changes between light and dark: a canvas does not follow by itself. */
function useScheme(): boolean {
  const query = matchMedia('(prefers-color-scheme: dark)')
  const [isDark, setDark] = useState(query.matches)
  useEffect(() => {
    const take = () => setDark(query.matches)
    query.addEventListener('change', take)
    return () => query.removeEventListener('change', take)
  }, [])
  return isDark
}
