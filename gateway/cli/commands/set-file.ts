import { diffTexts } from '../../config/diff.ts'
import { setWeight } from '../../config/edits.ts'
import { nearestOf } from '../../config/schema-check.ts'
import type { RoutingConfig } from '../../config/schema.ts'
import { type Group, groupsOf } from '../../rollout-controller/groups.ts'
import { parsedConfig, readConfig } from '../config-text.ts'
import { consentTo } from '../consent.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT, usage } from '../errors.ts'
import { percent, quoted } from '../output/format.ts'
import { replaceText } from '../text-file.ts'
import { movesOf, type WriteOptions } from './write.ts'

export interface SetFileRequest extends WriteOptions {
  readonly target: string
  /** In percent. */
  readonly weight: number
  readonly file: string
}

/** Sets a weight in the file itself, without the gateway. Every byte that it is not about stays. */
export async function setInFile(context: Context, request: SetFileRequest): Promise<void> {
  const { target, weight, file, dryRun = false, yes = false } = request
  if (request.reason !== undefined || request.revision !== undefined || request.force !== undefined) {
    throw usage('--reason, --revision and --force go with a change through the gateway, not with --file')
  }
  const before = await readConfig(file)
  if (before.config === undefined) throw invalid(before.problems)
  const group = groupOf(before.config, target)
  const edited = setWeight(idsOf(group), weight)(before.text)
  const after = parsedConfig(edited, file)
  if (after.config === undefined) throw invalid(after.problems)

  const what = `set ${group.name} to ${percent(weight)} in ${file}`
  const changes = diffTexts(before.text, edited)
  const routes = routesOf(group, weight)
  const moves = movesOf({ routes })
  if (dryRun) {
    context.show({ dryRun: true, what, file, changes }, paint => {
      return `${paint('bold', `Plan: ${what}.`)}\n\n${moves || 'It is so already'}.\n\nNothing was done.`
    })
    return
  }
  await consentTo(context, { what, yes, routes, text: () => moves })
  const isNew = edited !== before.text
  if (isNew) await replaceText(file, edited)
  const undo = undoOf(group, file)
  const done = isNew ? `Set ${group.name} in ${file}: ${moves}` : `${file} is so already`
  context.show({ done, file, changes, ...(isNew ? undo : {}) }, paint => {
    const told = [`${paint('green', '✓')} ${done}.`]
    if (isNew) {
      told.push("A gateway that runs with this file takes it over within a second, audited as the file's change.")
      if (undo.undo !== undefined) told.push(`Undo: ${paint('cyan', undo.undo)}`)
    }
    return told.join('\n')
  })
}

function groupOf(config: RoutingConfig, target: string): Group {
  const groups = [...groupsOf(config).values()]
  const found =
    groups.find(({ name }) => name === target) ?? groups.find(({ routes }) => routes.some(({ id }) => id === target))
  if (found !== undefined) return found
  const names = [...new Set(groups.flatMap(group => [group.name, ...idsOf(group)]))]
  const nearest = nearestOf(target, names)
  const hint =
    nearest === undefined
      ? `known groups are ${groups.map(({ name }) => name).join(', ')}`
      : `did you mean "${nearest}"?`
  throw usage(`there is no route and no group "${target}" that can be rolled out (${hint})`)
}

function routesOf({ routes }: Group, weight: number) {
  const moved = routes.filter(route => route.weight !== weight)
  return moved.map(route => ({
    id: route.id,
    from: { weight: route.weight, killSwitch: false },
    to: { weight, killSwitch: false }
  }))
}

function undoOf({ name, routes }: Group, file: string): { readonly undo?: string } {
  const weights = new Set(routes.map(({ weight }) => weight))
  return weights.size > 1 ? {} : { undo: `gateway set ${quoted(name)} ${[...weights].join()} --file ${quoted(file)}` }
}

function idsOf({ routes }: Group): string[] {
  return routes.map(({ id }) => id)
}

function invalid(problems: readonly object[]): CliError {
  return new CliError(EXIT.refused, 'invalid', 'the configuration has problems', { problems })
}
