import { applyEdits, findNodeAtLocation, getNodeValue, modify, parseTree } from 'jsonc-parser'
import type { Node } from 'jsonc-parser'
import { nearestOf } from './schema-check.ts'

/** A change of the configuration's text. Every byte that it is not about stays. */
export type Edit = (text: string) => string

/** An edit that cannot be made; the message says why and what would be right. */
export class EditError extends Error {
  override readonly name = 'EditError'
  readonly code = 'EDIT_IMPOSSIBLE'
}

/**
 * Sets the weight of routes, a percentage.
 *
 * The edit throws an EditError when there is no such route; that the weight is one is for the schema to say.
 */
export function setWeight(routeIds: readonly string[], weight: number): Edit {
  return onRoutes(routeIds, 'weight', weight)
}

/** Turns the kill switch of routes on or off. The edit throws an EditError when there is no such route. */
export function setRouteKillSwitch(routeIds: readonly string[], on: boolean): Edit {
  return onRoutes(routeIds, 'killSwitch', on)
}

/** Turns the kill switch of the whole gateway on or off. */
export function setKillSwitch(on: boolean): Edit {
  return text => set(text, [], 'killSwitch', on, false)
}

/** Puts back the text of another revision, whole. */
export function restore(text: string): Edit {
  return () => text
}

function onRoutes(ids: readonly string[], key: string, value: unknown): Edit {
  return text =>
    ids.reduce((edited, id) => {
      const root = parseTree(edited)
      const fallback = root && valueAt(root, ['defaults', key])
      return set(edited, ['routes', indexOf(root, id)], key, value, fallback ?? ABSENT[key])
    }, text)
}

/** What a key means that stands neither in a route nor in the defaults. */
const ABSENT: Readonly<Record<string, unknown>> = { weight: 0, killSwitch: false }

function indexOf(root: Node | undefined, id: string): number {
  const routes = (root && findNodeAtLocation(root, ['routes'])?.children) ?? []
  const ids = routes.map(route => String(valueAt(route, ['id'])))
  const index = ids.indexOf(id)
  if (index !== -1) return index
  const nearest = nearestOf(id, ids)
  const hint = nearest === undefined ? `known are ${ids.join(', ')}` : `did you mean "${nearest}"?`
  throw new EditError(`no route has the id "${id}" (${hint})`)
}

/** @param absent what the object means without the key. */
function set(text: string, path: (string | number)[], key: string, value: unknown, absent: unknown): string {
  const root = parseTree(text)
  const object = root && findNodeAtLocation(root, path)
  const standing = object && valueAt(object, [key])
  if ((standing ?? absent) === value) return text

  // Unformatted: jsonc-parser would lay out anew everything around what it adds.
  const edits = modify(text, [...path, key], value, {})
  const last = object?.children?.at(-1)
  const gap = last === undefined ? '' : (/\s*$/.exec(text.slice(0, last.offset))?.[0] ?? '')
  return applyEdits(
    text,
    edits.map(edit => (edit.length > 0 ? edit : { ...edit, content: edit.content.replace(/^,\s*/, `,${gap}`) }))
  )
}

function valueAt(node: Node, path: (string | number)[]): unknown {
  const found = findNodeAtLocation(node, path)
  return found === undefined ? undefined : getNodeValue(found)
}
