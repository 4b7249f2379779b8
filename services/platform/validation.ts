import { Kind, type TSchema } from '@sinclair/typebox'
import { TypeCompiler, type ValueError } from '@sinclair/typebox/compiler'
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import { InvalidInput, type Problem } from './errors.ts'

/**
 * Compiles a TypeBox schema for Fastify. Numbers and booleans become strings where a string is asked for, and what
 * Mongoose takes for a boolean becomes one, as Mongoose casts them. Invalid values are refused with an `InvalidInput`.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema }) => {
  const compiled = TypeCompiler.Compile(schema)
  return (input: unknown) => {
    const value = coerced(schema, input)
    return compiled.Check(value) ? { value } : { error: new InvalidInput(problems(compiled.Errors(value))) }
  }
}

/** Response schemas document; what is sent is what `JSON.stringify` makes, as in Express. */
export const compileSerializer: FastifySerializerCompiler<TSchema> = () => data => JSON.stringify(data)

/** A list in a body may have a million items, each of them wrong. */
const MAX_PROBLEMS = 100

/**
 * The first of them, one problem a path: TypeBox reports a missing property as missing and again as of the wrong type.
 *
 * @param errors is read no further than needed
 */
export function problems(errors: Iterable<ValueError>): Problem[] {
  const byPath = new Map<string, Problem>()
  for (const { path, message } of errors) {
    if (!byPath.has(path)) byPath.set(path, { path, message })
    if (byPath.size === MAX_PROBLEMS) break
  }
  return [...byPath.values()]
}

/** Mongoose's `castBoolean`. */
const booleans = new Map<unknown, boolean>([
  ...([1, '1', 'true', 'yes'] as const).map(value => [value, true] as const),
  ...([0, '0', 'false', 'no'] as const).map(value => [value, false] as const)
])

/** The schema that this union adds null to, if that is what it does. */
function nullableOf({ anyOf }: TSchema): TSchema | undefined {
  const [schema, other, ...more]: TSchema[] = anyOf
  return other?.[Kind] === 'Null' && more.length === 0 ? schema : undefined
}

function coerced(schema: TSchema, value: unknown): unknown {
  if (schema[Kind] === 'String' && (typeof value === 'number' || typeof value === 'boolean')) return String(value)
  if (schema[Kind] === 'Boolean') return booleans.get(value) ?? value
  const nullable = schema[Kind] === 'Union' ? nullableOf(schema) : undefined
  if (nullable !== undefined) return coerced(nullable, value)
  if (schema[Kind] !== 'Object' || typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const properties: Record<string, TSchema> = schema['properties']
  const result: Record<string, unknown> = { ...value }
  for (const [key, property] of Object.entries(properties)) {
    if (key in result) result[key] = coerced(property, result[key])
  }
  return result
}
