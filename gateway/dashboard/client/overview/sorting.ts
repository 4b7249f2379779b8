import type { LiveRoute } from '../../../admin/schemas.ts'

const ORDER: readonly LiveRoute['attention'][] = ['failing', 'waiting-for-staff', 'watching', 'none']

/** What needs somebody first, then what has most traffic; a filter finds ids, groups, paths and attention. */
export function shownRoutes(routes: Iterable<LiveRoute>, filter: string): readonly LiveRoute[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  return [...routes]
    .filter(route => {
      const text = [route.id, route.group, ...route.paths, route.phase, route.attention].join(' ').toLowerCase()
      return words.every(word => text.includes(word))
    })
    .sort((a, b) => rank(a) - rank(b) || traffic(b) - traffic(a) || a.id.localeCompare(b.id))
}

/** The tops of the sparklines: round, so that they seldom change, and the same for every route. */
export interface Scale {
  readonly errorPercent: number
  readonly p95Ms: number
}

export function scaleOf(routes: Iterable<LiveRoute>): Scale {
  let errorPercent = 1
  let p95Ms = 10
  for (const { sparks } of routes) {
    for (const side of [sparks.native, sparks.legacy]) {
      for (const value of side.errorPercent) errorPercent = Math.max(errorPercent, value ?? 0)
      for (const value of side.p95Ms) p95Ms = Math.max(p95Ms, value ?? 0)
    }
  }
  return { errorPercent: Math.min(roundUp(errorPercent), 100), p95Ms: roundUp(p95Ms) }
}

function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5].find(step => step * unit >= value) ?? 10) * unit
}

function rank({ attention }: LiveRoute): number {
  return ORDER.indexOf(attention)
}

/** Whole tenths of requests, in steps of a half as much again, so that rows do not change places for nothing. */
function traffic({ nativeSide, legacySide }: LiveRoute): number {
  return Math.round(Math.log(1 + nativeSide.requestsPerSecond + legacySide.requestsPerSecond) * 3)
}
