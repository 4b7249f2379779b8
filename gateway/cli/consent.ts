import { createInterface } from 'node:readline/promises'
import type { Context } from './context.ts'
import { CliError, EXIT, usage } from './errors.ts'
import { isInteractive } from './io.ts'
import { count, percent } from './output/format.ts'
import type { Paint } from './output/paint.ts'
import { exposureOf, type Move } from './output/plan.ts'

/** Raising a weight above this asks first, in percent. */
const ASK_ABOVE = 50

/**
 * The reason of a change; on a terminal it is asked for when it is missing.
 *
 * @throws CliError when one is required and there is none.
 */
export async function reasonFor(
  { io }: Context,
  { reason, isRequired }: { readonly reason: string | undefined; readonly isRequired: boolean }
): Promise<{ readonly reason?: string }> {
  const given = reason?.trim() ?? ''
  if (given !== '') return { reason: given }
  if (!isRequired) return {}
  const missing = usage("a reason is required, since callers may be sent to native: give --reason 'why'")
  if (!isInteractive(io)) throw missing
  const prompt = createInterface({ input: io.stdin, output: io.stderr })
  // Ctrl-C and Ctrl-D leave without an answer.
  const { promise: left, resolve: leave } = Promise.withResolvers<string>()
  prompt.once('close', () => leave(''))
  const answer = await Promise.race([prompt.question('Why? '), left])
  prompt.close()
  if (answer.trim() === '') throw missing
  return { reason: answer.trim() }
}

export interface ConsentRequest {
  /** The change, such as `set notes to 75 %`. */
  readonly what: string
  /** Said in advance. */
  readonly yes: boolean
  readonly routes: readonly Move[]
  /** What would move, for whoever is asked. */
  readonly text: (paint: Paint) => string
}

/**
 * Asks before a weight rises above 50 %.
 *
 * @throws CliError when somebody says no, or nobody can be asked.
 */
export async function consentTo(context: Context, { what, yes, routes, text }: ConsentRequest): Promise<void> {
  const raised = routes.filter(({ from, to }) => {
    const exposure = exposureOf(to)
    return exposure > ASK_ABOVE && exposure > exposureOf(from)
  })
  if (raised.length === 0 || yes) return
  const { io } = context
  const warning = `${what}: ${count(raised.length, 'route')} would rise above ${percent(ASK_ABOVE)}`
  if (!isInteractive(io)) {
    const message = `nothing was done: ${warning}, and nobody can be asked; look at --dry-run, then give --yes`
    throw new CliError(EXIT.refused, 'declined', message)
  }
  context.note(paint => `${text(paint)}\n`)
  const { default: confirm } = await import('@inquirer/confirm')
  const isAgreed = await confirm(
    { message: `${warning}. Go on?`, default: false },
    { input: io.stdin, output: io.stderr }
  ).catch(() => false)
  if (!isAgreed) throw new CliError(EXIT.refused, 'declined', 'nothing was done')
}
