import { Kind, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FastifySchemaCompiler } from 'fastify'
import { checkSchema } from '../config/schema-check.ts'
import { Problem } from './problem.ts'

const FOUND_LIMIT = 60

const PLACES: Readonly<Record<string, string>> = {
  body: 'the body',
  params: 'the path',
  querystring: 'the query',
  headers: 'the header'
}

/**
 * Checks requests by the TypeBox schema itself, so that what is wrong is said in the words that the schema has for it.
 * What stands in a path or a query is text and converted; a body says its types itself and is taken as it is.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const isText = httpPart !== 'body'
  const mayBeAbsent = Value.Check(schema, {})
  const place = PLACES[httpPart] ?? 'the request'
  return data => {
    const given: unknown = (data ?? undefined) === undefined && mayBeAbsent ? {} : (data ?? undefined)
    const value = isText ? Value.Convert(schema, Value.Default(schema, { ...Object(given) })) : given
    if (Value.Check(schema, value)) return { value }
    return { error: new Problem('bad-request', sentencesOf(schema, value, place).join('; ')) }
  }
}

function sentencesOf(schema: TSchema, value: unknown, place: string): string[] {
  return checkSchema(schema, value).flatMap(({ path, at, found, expected }) => {
    const standing = valueAt(value, path)
    const variant = variantOf(schemaAt(schema, path), standing)
    const where = path.length === 0 ? place : `${place}'s ${at === 'key' ? 'key ' : ''}"${path.join('.')}"`
    if (variant !== undefined) return sentencesOf(variant, standing, where)
    const what = at === 'key' ? '' : `found ${found ?? shown(standing)}, `
    return [`${where}: ${what}expected ${expected}`]
  })
}

/** Of a union of objects that a `kind` tells apart, the one that the value says it is. */
function variantOf(schema: TSchema | undefined, value: unknown): TSchema | undefined {
  const kind: unknown = valueAt(value, ['kind'])
  if (schema?.[Kind] !== 'Union') return undefined
  const variants: readonly TSchema[] = schema.anyOf
  return variants.find(({ properties }) => properties?.kind?.const === kind && kind !== undefined)
}

function schemaAt(schema: TSchema, path: readonly (string | number)[]): TSchema | undefined {
  return path.reduce<TSchema | undefined>((at, key) => at?.properties?.[key], schema)
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value
  )
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length <= FOUND_LIMIT ? text : `${text.slice(0, FOUND_LIMIT - 1)}…`
}
