import { Kind, type TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { Value } from '@sinclair/typebox/value'
import type { FastifySchemaCompiler } from 'fastify'
import { InvalidInput } from './errors.ts'
import { problems } from './validation.ts'

/**
 * Compiles a TypeBox schema for a route of `/api/v1`. A body is taken as it is; in a query, what is missing has its
 * default, and a number is the text of one.
 */
export const compileV1Validator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = TypeCompiler.Compile(schema)
  const isQuery = httpPart === 'querystring'
  return (input: unknown) => {
    const value = isQuery ? queryOf(schema, input) : input
    return compiled.Check(value) ? { value } : { error: new InvalidInput(problems(compiled.Errors(value))) }
  }
}

/** TypeBox's own conversion would make 1 of 1.5. */
function queryOf(schema: TSchema, input: unknown): unknown {
  const texts = Object.entries(input ?? {}).map(([name, value]: [string, unknown]) => {
    const isNumber = schema['properties']?.[name]?.[Kind] === 'Integer' && /^-?\d+$/.test(String(value))
    return [name, isNumber && typeof value === 'string' ? Number(value) : value]
  })
  return Value.Default(schema, Object.fromEntries(texts))
}
