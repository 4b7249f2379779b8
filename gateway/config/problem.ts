/** What is wrong at one place of the configuration file. */
export interface ConfigProblem {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 code units. */
  readonly column: number
  /** A JSON pointer, such as `/routes/3/weight`; `/` is the whole document. */
  readonly path: string
  /** What stands there, shortened. */
  readonly found: string
  readonly expected: string
  /** All of it as one sentence. */
  readonly message: string
}

/** A configuration file that cannot be used; lists everything that is wrong with it. */
export class ConfigInvalidError extends Error {
  readonly code = 'CONFIG_INVALID'
  readonly problems: readonly ConfigProblem[]

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(`${file} cannot be used:\n${problems.map(problem => `  ${problem.message}`).join('\n')}`)
    this.name = 'ConfigInvalidError'
    this.problems = problems
  }
}

/** Something wrong, placed by JSON path; the document knows the line. */
export interface Finding {
  readonly path: readonly (string | number)[]
  /** What to point at: the value (the default), or the key before it. */
  readonly at?: 'key'
  /** Default: the text that stands there. */
  readonly found?: string
  readonly expected: string
}

/** The JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: readonly (string | number)[]): string {
  return `/${path.map(segment => String(segment).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`
}
