import diff from 'microdiff'
import type { FieldChange } from '../audit/entry.ts'
import { pointerOf } from './problem.ts'

export type { FieldChange } from '../audit/entry.ts'

type Path = readonly (string | number)[]

/**
 * What is different between the texts of two accepted configurations: by field, routes by their id, lists as one value.
 * Their formatting and the order of routes make no difference.
 */
export function diffTexts(from: string, to: string): FieldChange[] {
  const [before, after] = [byRoute(JSON.parse(from)), byRoute(JSON.parse(to))]
  const paths = new Map(diff(before, after).map(({ path }) => [pointerOf(upToList(path)), upToList(path)]))
  return [...paths].map(([path, keys]) => ({ path, ...side('from', before, keys), ...side('to', after, keys) }))
}

/** The ids of the routes that changes concern; `all` of them when something outside of the routes changed. */
export function routesOf(changes: readonly FieldChange[], all: readonly string[]): string[] {
  const ids = changes.map(({ path }) => /^\/routes\/([^/]+)/.exec(path)?.[1])
  const named = ids.filter(id => id !== undefined)
  return [...new Set(named.length < ids.length ? [...named, ...all] : named)]
}

function byRoute(config: Record<string, unknown>): Record<string, unknown> {
  const routes: unknown[] = Array.isArray(config.routes) ? config.routes : []
  return { ...config, routes: Object.fromEntries(routes.map(route => [valueAt(route, ['id']), route])) }
}

function upToList(path: Path): Path {
  const index = path.findIndex(key => typeof key === 'number')
  return index === -1 ? path : path.slice(0, index)
}

function side(name: 'from' | 'to', config: unknown, path: Path): Partial<FieldChange> {
  const value = valueAt(config, path)
  return value === undefined ? {} : { [name]: value }
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined
  return at
}
