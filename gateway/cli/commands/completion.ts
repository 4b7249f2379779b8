import { readFile } from 'node:fs/promises'
import { getCompletionScript, getShellFromEnv, log, logFiles } from '@pnpm/tabtab'
import type { Argument, Command, Option } from 'commander'
import type { Context } from '../context.ts'

const API_TIMEOUT_MS = 800

/** Prints what a shell has to source. */
export async function script(context: Context, shell: 'bash' | 'zsh' | 'fish'): Promise<void> {
  const text = await getCompletionScript({ name: 'gateway', completer: 'gateway', shell })
  context.show({ shell, script: text }, () => text.trimEnd())
}

/** Answers a shell that asks what may stand where the cursor is. */
export async function complete(context: Context, program: Command, words: readonly string[]): Promise<void> {
  const { env, stdout } = context.io
  const before = wordsBefore(words, env)
  const { command, values } = placeOf(program, before)
  const option = optionOf(command, before.at(-1))
  const wanted = option === undefined ? command.registeredArguments[Math.min(values, lastOf(command))] : undefined
  const kind = option === undefined ? wanted?.name() : option.attributeName()
  if (kind === 'file' || kind === 'credentialFile' || kind === 'stateDir') return logFiles()

  const choices = (option ?? wanted)?.argChoices ?? (await namesOf(kind, context))
  const items = option === undefined ? [...choices, ...commandsOf(command), ...optionsOf(command)] : [...choices]
  log(items, getShellFromEnv(env), line => void stdout.write(`${line}\n`))
}

/** What stands between the program's name and the word that is completed. */
function wordsBefore(words: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
  const { COMP_CWORD = '0', COMP_POINT = '0', SHELL } = env
  if (SHELL !== 'fish') return words.slice(1, Number(COMP_CWORD))
  // fish tells the words without an empty one at the end; the cursor is behind them then.
  const isNewWord = Number(COMP_POINT) > words.join(' ').length
  return isNewWord ? words.slice(1) : words.slice(1, -1)
}

/** The command that the words name, and how many of its arguments are there. */
function placeOf(program: Command, words: readonly string[]): { readonly command: Command; readonly values: number } {
  let command = program
  let values = 0
  let isValue = false
  for (const word of words) {
    const next = command.commands.find(each => each.name() === word)
    if (isValue) isValue = false
    else if (word.startsWith('-')) isValue = optionOf(command, word) !== undefined
    else if (next !== undefined) command = next
    else values++
  }
  return { command, values }
}

/** The option of that name, when a value has to follow. */
function optionOf(command: Command, word: string | undefined): Option | undefined {
  return command.options.find(({ long, short, required }) => required && (word === long || word === short))
}

function lastOf({ registeredArguments }: { readonly registeredArguments: readonly Argument[] }): number {
  return registeredArguments.length - 1
}

function commandsOf(command: Command) {
  const help = command.createHelp()
  return help.visibleCommands(command).map(each => ({ name: each.name(), description: each.summary() }))
}

function optionsOf(command: Command) {
  const help = command.createHelp()
  return help.visibleOptions(command).map(({ long, flags, description }) => ({ name: long ?? flags, description }))
}

/** Ids of routes; with `target` names of groups and ids of routes that have a weight to move. */
async function namesOf(kind: string | undefined, context: Context): Promise<readonly string[]> {
  if (kind !== 'route' && kind !== 'target') return []
  const routes = await routesOf(context).catch(() => [])
  if (kind === 'route') return routes.map(({ id }) => id)
  const shared = routes.filter(({ isShared }) => isShared)
  return [...new Set([...shared.map(({ group }) => group), ...shared.map(({ id }) => id)])]
}

interface Named {
  readonly id: string
  readonly group: string
  /** Between native and an upstream. */
  readonly isShared: boolean
}

/** Of the configuration file where there is one, else of the gateway. */
async function routesOf(context: Context): Promise<readonly Named[]> {
  const file = context.io.env['ROUTING_CONFIG'] ?? 'routing.config.json'
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text !== undefined) return routesIn(JSON.parse(text))
  const { routes } = await (await context.client()).routes({ timeoutMs: API_TIMEOUT_MS })
  return routes.map(({ id, group, native, nativeOnly }) => ({ id, group, isShared: native !== null && !nativeOnly }))
}

function routesIn(config: unknown): Named[] {
  const routes: unknown = typeof config === 'object' && config !== null ? Reflect.get(config, 'routes') : undefined
  if (!Array.isArray(routes)) return []
  return routes.flatMap((route: unknown) => {
    if (typeof route !== 'object' || route === null || !('id' in route) || typeof route.id !== 'string') return []
    const group = 'group' in route && typeof route.group === 'string' ? route.group : route.id
    return [{ id: route.id, group, isShared: 'native' in route && Reflect.get(route, 'nativeOnly') !== true }]
  })
}
