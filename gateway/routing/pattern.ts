/**
 * A path pattern taken apart: static segments in lower case (paths are matched without regard to case), `:` for a
 * parameter whatever its name, `*` (only last) for everything after: one segment or more, but `/*` has `/` too. `/` is
 * the empty list.
 */
export type Segments = readonly string[]

const STATIC_SEGMENT = /^(?!\.{1,2}$)[\w.~!$&'+,;=@-]+$/
const PARAMETER = /^:\w+$/

/**
 * Takes a pattern such as `/api/notes/:id` or `/api/notes/*` apart, or gives undefined when it is none: whole segments
 * only, nothing empty, no dot segments, no escapes. A trailing slash makes no difference, as in matching.
 */
export function parsePattern(pattern: string): Segments | undefined {
  if (!pattern.startsWith('/')) return undefined
  const path = pattern.endsWith('/') ? pattern.slice(1, -1) : pattern.slice(1)
  if (path === '') return pattern === '/' ? [] : undefined

  const parts = path.split('/')
  const segments: string[] = []
  for (const [index, part] of parts.entries()) {
    if (part === '*' && index === parts.length - 1) segments.push('*')
    else if (PARAMETER.test(part)) segments.push(':')
    else if (STATIC_SEGMENT.test(part)) segments.push(part.toLowerCase())
    else return undefined
  }
  return segments
}

/** The pattern of the paths that match both, which is one pattern again; undefined when no path can match both. */
export function intersection(a: Segments, b: Segments): Segments | undefined {
  const shared: string[] = []
  for (let i = 0; ; i++) {
    const left = a[i]
    const right = b[i]
    if (left === '*' && (right !== undefined || i === 0)) return [...shared, ...b.slice(i)]
    if (right === '*' && (left !== undefined || i === 0)) return [...shared, ...a.slice(i)]
    if (left === undefined || right === undefined) return left === right ? shared : undefined
    if (left !== right && left !== ':' && right !== ':') return undefined
    shared.push(left === ':' ? right : left)
  }
}

/** Whether any path can match both patterns. Case, a trailing slash and parameter names make no difference. */
export function patternsOverlap(a: string, b: string): boolean {
  const left = parsePattern(a)
  const right = parsePattern(b)
  return left !== undefined && right !== undefined && intersection(left, right) !== undefined
}
