/**
 * A JSON value as Mongoose stores it: without empty objects, and without what is left empty by that; those that are
 * elements of a list stay. Undefined when nothing is left.
 */
export function minimized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(minimizedElement)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value)
    .map(([key, property]) => [key, minimized(property)] as const)
    .filter(([, property]) => property !== undefined)
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

function minimizedElement(element: unknown): unknown {
  const result = minimized(element)
  return result === undefined ? {} : result
}
