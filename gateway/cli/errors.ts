import type { ProblemCode } from '../admin/schemas.ts'

/** What scripts can tell from the exit code. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export type ErrorCode = ProblemCode | 'usage' | 'declined' | 'unreachable' | 'failed'

/** Why a command was not done; whoever catches it prints the message and ends with its exit code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  readonly code: ErrorCode
  /** What a machine may want to know besides. */
  readonly details: object

  constructor(exitCode: ExitCode, code: ErrorCode, message: string, details: object = {}) {
    super(message)
    this.exitCode = exitCode
    this.code = code
    this.details = details
  }

  /** As it is printed with `--json`. */
  toJSON(): object {
    return { error: this.code, message: this.message, ...this.details }
  }
}

/** Adds what can be done without the gateway to an error that it cannot be reached; throws every other as it is. */
export function withHint(hint: string): (error: unknown) => never {
  return error => {
    if (!(error instanceof CliError) || error.code !== 'unreachable') throw error
    throw new CliError(error.exitCode, error.code, `${error.message} ${hint}`.trimEnd(), error.details)
  }
}

/** Arguments, variables or files that cannot be used. */
export function usage(message: string): CliError {
  return new CliError(EXIT.usage, 'usage', message)
}
