import { applyEdits, findNodeAtLocation, getNodeValue, type JSONPath, modify, type Node, parseTree } from 'jsonc-parser'
import type { FieldChange } from '../../../audit/entry.ts'

export interface Merged {
  readonly text: string
  /** The changes of the others that were not taken, because the same place was changed here too. */
  readonly conflicts: readonly FieldChange[]
}

const FORMAT = { formattingOptions: { insertSpaces: true, tabSize: 2 } }

/**
 * Takes changes that others made into a text that began from what they changed: each where this text still has what
 * they found there. Undefined when the text is no JSON.
 */
export function takeChanges(text: string, changes: readonly FieldChange[]): Merged | undefined {
  if (!isJson(text)) return undefined
  let merged = text
  const conflicts: FieldChange[] = []
  for (const change of changes) {
    const place = placeOf(parseTree(merged), change)
    const own = place?.value
    if (place === undefined || !(isSame(own, change.from) || isSame(own, change.to))) conflicts.push(change)
    else if (!isSame(own, change.to)) merged = applyEdits(merged, modify(merged, place.path, change.to, FORMAT))
  }
  return { text: merged, conflicts }
}

/** Where a change's path, which names routes by id, leads to in a text, and what stands there. */
function placeOf(root: Node | undefined, { path }: FieldChange): { path: JSONPath; value: unknown } | undefined {
  if (root === undefined) return undefined
  const [first, ...rest] = path.slice(1).split('/').map(unescaped)
  if (first === undefined) return undefined
  if (first !== 'routes') return { path: [first, ...rest], value: valueAt(root, [first, ...rest]) }

  const [id, ...field] = rest
  const routes = findNodeAtLocation(root, ['routes'])?.children ?? []
  const index = routes.findIndex(route => valueAt(route, ['id']) === id)
  if (index !== -1) return { path: ['routes', index, ...field], value: valueAt(root, ['routes', index, ...field]) }
  // A field of a route that is not here has no place; a whole route comes after the last one.
  return field.length > 0 ? undefined : { path: ['routes', -1], value: undefined }
}

function valueAt(root: Node, path: JSONPath): unknown {
  const node = findNodeAtLocation(root, path)
  return node === undefined ? undefined : getNodeValue(node)
}

function unescaped(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Values of JSON; the order of keys makes no difference. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortedKeys) === JSON.stringify(b, sortedKeys)
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
