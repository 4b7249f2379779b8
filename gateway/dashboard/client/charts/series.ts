import type { Window, Windows } from '../../../admin/schemas.ts'
import type { Line } from './chart.tsx'

export interface Measured {
  /** When windows began, in seconds since 1970, without gaps. */
  readonly times: readonly number[]
  readonly native: readonly (Window | undefined)[]
  /** Of the upstream with the most requests, should there be several. */
  readonly legacy: readonly (Window | undefined)[]
}

export function measuredOf({ windows, windowMs }: Windows): Measured {
  const starts = windows.map(({ at }) => Date.parse(at))
  const first = Math.min(...starts)
  const count = windows.length === 0 ? 0 : Math.round((Math.max(...starts) - first) / windowMs) + 1
  const native = emptySlots(count)
  const legacy = emptySlots(count)
  for (const [index, window] of windows.entries()) {
    const slot = Math.round(((starts[index] ?? first) - first) / windowMs)
    const side = window.target === 'native' ? native : legacy
    if (window.requests > (side[slot]?.requests ?? 0)) side[slot] = window
  }
  return { times: native.map((_each, slot) => (first + slot * windowMs) / 1000), native, legacy }
}

function emptySlots(count: number): (Window | undefined)[] {
  return Array.from({ length: count }, () => undefined)
}

export function shareLines({ native, legacy }: Measured): readonly Line[] {
  const values = native.map((window, slot) => {
    const all = (window?.requests ?? 0) + (legacy[slot]?.requests ?? 0)
    return all === 0 ? null : ((window?.requests ?? 0) / all) * 100
  })
  return [{ label: 'native', color: '--native', values }]
}

export function errorLines(measured: Measured): readonly Line[] {
  return bothSides(measured, ({ errors, requests }) => (requests === 0 ? undefined : (errors / requests) * 100))
}

export function latencyLines(measured: Measured): readonly Line[] {
  return [
    ...bothSides(measured, ({ p50Ms }) => p50Ms, 'p50', [2, 3]),
    ...bothSides(measured, ({ p95Ms }) => p95Ms, 'p95'),
    ...bothSides(measured, ({ p99Ms }) => p99Ms, 'p99', [8, 4])
  ]
}

function bothSides(
  { native, legacy }: Measured,
  valueOf: (window: Window) => number | undefined,
  name = '',
  dash?: readonly number[]
): Line[] {
  const line = (side: 'native' | 'legacy', windows: readonly (Window | undefined)[]): Line => ({
    label: `${side} ${name}`.trim(),
    color: `--${side}`,
    values: windows.map(window => (window === undefined ? null : (valueOf(window) ?? null))),
    ...(dash === undefined ? {} : { dash })
  })
  return [line('native', native), line('legacy', legacy)]
}
