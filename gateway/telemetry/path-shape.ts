/** What may be the name of a thing rather than of somebody, once several callers used it. */
const PLAIN = /^[a-z][a-z-]{1,30}$/
const LONGEST = 2_048
const MOST_SEGMENTS = 12

/** In the place of a segment that may name somebody. */
const VALUE = ':value'
/** In the place of all that follows. */
const REST = '*'

export interface PathShape {
  /** With nothing of the client's but words of the configuration. */
  readonly safe: string
  /** With the segments that look like words as well: to be shown only once several callers used this very shape. */
  readonly guessed: string
}

/**
 * The shapes of a request's path. A segment may be a name, an address or a number of a patient, so each becomes `:value`
 * but those that are known words. In lower case, as paths are matched.
 *
 * @param words known ones, in lower case.
 */
export function shapeOf(url: string, words: ReadonlySet<string>): PathShape {
  const [path = ''] = url.slice(0, LONGEST).split('?', 1)
  const segments = path
    .toLowerCase()
    .split('/')
    .filter(segment => segment !== '')
  const shown = segments.slice(0, MOST_SEGMENTS)
  const rest = segments.length > MOST_SEGMENTS || url.length > LONGEST ? [REST] : []
  // Of an absolute URL, the scheme and the host are no path.
  const isPath = path.startsWith('/')
  const safe = shown.map(segment => (isPath && words.has(segment) ? segment : VALUE))
  const guessed = shown.map((segment, index) => (isPath && PLAIN.test(segment) ? segment : (safe[index] ?? VALUE)))
  return { safe: `/${[...safe, ...rest].join('/')}`, guessed: `/${[...guessed, ...rest].join('/')}` }
}
