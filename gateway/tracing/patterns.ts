import type { RoutingConfig } from '../config/schema.ts'
import { parsePattern, type Segments } from '../routing/pattern.ts'

interface Pattern {
  readonly text: string
  readonly segments: Segments
}

/** The path pattern that a request has of its route's, which is what may be said of its URL; undefined: it has none. */
export type PatternOf = (routeId: string, url: string) => string | undefined

export function patternsOf(config: () => RoutingConfig): PatternOf {
  const byConfig = new WeakMap<RoutingConfig, ReadonlyMap<string, readonly Pattern[]>>()
  const current = () => {
    const now = config()
    const known = byConfig.get(now) ?? patternsByRoute(now)
    byConfig.set(now, known)
    return known
  }
  return (routeId, url) => {
    const patterns = current().get(routeId) ?? []
    if (patterns.length < 2) return patterns[0]?.text
    const path = segmentsOf(url)
    return patterns.find(({ segments }) => matches(segments, path))?.text
  }
}

function patternsByRoute({ routes }: RoutingConfig): ReadonlyMap<string, readonly Pattern[]> {
  return new Map(
    routes.map(({ id, paths }) => [id, paths.map(text => ({ text, segments: parsePattern(text) ?? [] }))] as const)
  )
}

/** Of a request target of any form. */
function segmentsOf(url: string): string[] {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  const bare = path.replace(/^\//, '').replace(/\/$/, '')
  return bare === '' ? [] : bare.toLowerCase().split('/')
}

function matches(pattern: Segments, path: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*'
  const fixed = isOpen ? pattern.slice(0, -1) : pattern
  if (isOpen ? path.length <= fixed.length : path.length !== fixed.length) return false
  return fixed.every((segment, index) => segment === ':' || segment === path[index])
}
