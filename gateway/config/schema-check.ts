import type { TSchema } from '@sinclair/typebox'
import { Value, ValueErrorType } from '@sinclair/typebox/value'
import type { ValueError } from '@sinclair/typebox/value'
import type { Finding } from './problem.ts'
import { nameRule } from './schema.ts'

/** What of a value the schema does not allow: one finding for each place, the first of what TypeBox says of it. */
export function checkSchema(schema: TSchema, value: unknown): Finding[] {
  const findings = new Map<string, Finding>()
  for (const error of Value.Errors(schema, value)) {
    // The list as a whole is the wrong place to point at; the repeated entry is found by `checkMeaning`.
    if (error.type === ValueErrorType.ArrayUniqueItems) continue
    if (!findings.has(error.path)) findings.set(error.path, findingOf(error))
  }
  return [...findings.values()]
}

function findingOf(error: ValueError): Finding {
  const path = segmentsOf(error.path)
  switch (error.type) {
    case ValueErrorType.ObjectRequiredProperty:
      return { path, found: 'nothing', expected: `the key "${path.at(-1)}" with ${expectationOf(error.schema)}` }
    case ValueErrorType.ObjectAdditionalProperties:
      return { path, at: 'key', expected: knownKey(String(path.at(-1)), error.schema) }
    default:
      return { path, expected: expectationOf(error.schema) }
  }
}

/** A JSON pointer in segments, as jsonc-parser wants them: array indices as numbers. */
function segmentsOf(pointer: string): (string | number)[] {
  const segments = pointer.split('/').slice(1)
  return segments.map(segment =>
    /^\d+$/.test(segment) ? Number(segment) : segment.replaceAll('~1', '/').replaceAll('~0', '~')
  )
}

function expectationOf(schema: TSchema): string {
  if (typeof schema.errorMessage === 'string') return schema.errorMessage
  switch (schema.type) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `a whole number from ${schema.minimum} to ${schema.maximum}`
    case 'array':
      return 'a list'
    case 'object':
      return 'an object'
    default:
      return `a ${schema.type}`
  }
}

function knownKey(key: string, schema: TSchema): string {
  const known = Object.keys(schema.properties ?? {})
  if (known.length === 0) return `a name of ${nameRule}`
  const nearest = nearestOf(key, known)
  return nearest === undefined ? `one of the keys ${known.join(', ')}` : `a known key; did you mean "${nearest}"?`
}

/** The name that a slip of the keyboard most likely meant, if one is near: at most a third of its characters differ. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const distances = known.map(candidate => ({
    candidate,
    distance: editDistance(name.toLowerCase(), candidate.toLowerCase())
  }))
  const near = distances.filter(({ candidate, distance }) => distance <= Math.ceil(candidate.length / 3))
  return near.sort((a, b) => a.distance - b.distance)[0]?.candidate
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
