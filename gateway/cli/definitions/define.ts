import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ApiOptions, Context } from '../context.ts'

/** Runs a command's action with what it works with, made from the command's options. */
export type Run = (options: ApiOptions, action: (context: Context) => Promise<void>) => Promise<void>

export interface Definition {
  /** The name and the arguments, such as `diff <from> [to]`. */
  readonly usage: string
  readonly summary: string
  /** More than the summary says. */
  readonly description?: string
  /** Without the name of the program. */
  readonly examples: readonly string[]
  /** Reads arguments, by their names. */
  readonly parse?: Readonly<Record<string, (text: string) => unknown>>
  /** Is it the one that its parent means without any? */
  readonly isDefault?: boolean
}

/** A command with its help, to hold others or to be completed by `define`. */
export function defineGroup(parent: Command, definition: Definition): Command {
  const { usage, summary, description = '', examples, parse = {}, isDefault = false } = definition
  const lines = examples.map(example => `  $ gateway ${example}`)
  const command = parent.command(usage, { isDefault })
  for (const argument of command.registeredArguments) {
    const read = parse[argument.name()]
    if (read !== undefined) argument.argParser(read)
  }
  return command
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}. ${description}`.trimEnd())
    .addHelpText('after', `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.join('\n')}`)
}

/** A command that does something. */
export function define(parent: Command, definition: Definition): Command {
  return defineGroup(parent, definition).option('--json', 'print one JSON document; errors are JSON on stderr')
}

/** A command that asks the gateway. */
export function defineOnline(parent: Command, definition: Definition): Command {
  return define(parent, definition)
    .option('--url <url>', 'of the admin API (default: GATEWAY_ADMIN_URL, else http://127.0.0.1:8081)')
    .option(
      '--credential-file <file>',
      'holds the credential (default: GATEWAY_CREDENTIAL, else GATEWAY_CREDENTIAL_FILE)'
    )
}

/** A command that changes the configuration. */
export function defineWrite(parent: Command, definition: Definition): Command {
  return defineOnline(parent, definition)
    .option('--reason <text>', 'why; nothing of patients')
    .option('--revision <n>', 'refuse when another revision serves (default: the one that is read)', revisionNumber)
    .option('--dry-run', 'show what would change and who would move, and do nothing')
}

export const yesOption = () => new Option('--yes', 'do not ask before a weight rises above 50 %')
export const forceOption = (what: string) => new Option('--force', what)

/** A percentage; the sign may follow it. */
export function weight(text: string): number {
  if (!/^\d{1,3}(\.\d{1,2})?\s*%?$/.test(text) || Number.parseFloat(text) > 100) {
    throw new InvalidArgumentError('expected a weight from 0 to 100 with at most two decimals')
  }
  return Number.parseFloat(text)
}

export function revisionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected the number of a revision, from 1')
  return Number(text)
}

export function countOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('expected a whole number, from 1')
  return Number(text)
}
