import { CommanderError } from 'commander'
import { CliError, EXIT, type ExitCode } from './errors.ts'
import type { Io } from './io.ts'
import { createProgram } from './program.ts'

/**
 * Runs one command. Never rejects: what went wrong is told on stderr.
 *
 * @param args what follows the name of the program.
 */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' })
    return EXIT.done
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    const failure = failureOf(error)
    if (args.includes('--json')) {
      io.stderr.write(`${JSON.stringify(failure)}\n`)
    } else {
      const { reportOf } = await import('./output/report.ts')
      io.stderr.write(`${reportOf(failure, io)}\n`)
    }
    return failure.exitCode
  }
}

function failureOf(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof CommanderError) {
    // Without arguments there is nothing wrong to tell: the help is printed already.
    const isHelp = error.code === 'commander.help'
    const message = isHelp ? 'a command is missing' : error.message.replace(/^error: /, '')
    return new CliError(EXIT.usage, 'usage', message)
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new CliError(EXIT.refused, 'failed', `unexpected: ${reason}`)
}
