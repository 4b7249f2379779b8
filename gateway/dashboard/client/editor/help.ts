import { alternativesOf, inheritedPath, type Path, type SchemaNode, schemasAt, valuesOf } from './schema.ts'

/** What is to be known of the value at a place of the configuration, in words. */
export interface Help {
  /** Such as `routes › 3 › weight`. */
  readonly title: string
  readonly description: string
  /** Label and text, such as `Range` and `0 to 100`. */
  readonly facts: readonly (readonly [label: string, text: string])[]
}

/** What the schema says of the value at a path; undefined where it knows nothing. */
export function helpAt(path: Path): Help | undefined {
  const [node] = schemasAt(path)
  if (node === undefined) return undefined
  const inherited = inheritedPath(path)
  const facts = [
    ['Type', typeOf(node)],
    ['Range', rangeOf(node)],
    ['Allowed', node.anyOf === undefined ? undefined : node.errorMessage],
    ['Default', defaultOf(node, inherited)],
    ['Example', node.examples?.[0] === undefined ? undefined : JSON.stringify(node.examples[0])],
    ['Required keys', node.required?.join(', ')],
    ['Keys', keysOf(node)]
  ] as const
  return {
    title: path.length === 0 ? 'The whole configuration' : path.join(' › '),
    description: node.description ?? node.errorMessage ?? '',
    facts: facts.flatMap(([label, text]) => (text === undefined || text === '' ? [] : [[label, text] as const]))
  }
}

const TYPES: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  integer: 'whole number',
  string: 'text',
  array: 'list'
}

function typeOf(node: SchemaNode): string {
  const values = valuesOf(node)
  if (values.length > 0 && node.type !== 'boolean') return values.map(value => JSON.stringify(value)).join(' or ')
  const types = alternativesOf(node).flatMap(({ type }) => (type === undefined ? [] : [TYPES[type] ?? type]))
  return [...new Set(types)].join(' or ')
}

function rangeOf(node: SchemaNode): string {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, maxLength, minItems, maxItems, uniqueItems } = node
  const parts = [
    minimum === undefined ? undefined : maximum === undefined ? `at least ${minimum}` : `${minimum} to ${maximum}`,
    exclusiveMinimum === undefined ? undefined : `above ${exclusiveMinimum}`,
    minimum !== undefined || maximum === undefined ? undefined : `at most ${maximum}`,
    exclusiveMaximum === undefined ? undefined : `below ${exclusiveMaximum}`,
    maxLength === undefined ? undefined : `at most ${maxLength} characters`,
    minItems === undefined ? undefined : `at least ${minItems}`,
    maxItems === undefined ? undefined : `at most ${maxItems}`,
    uniqueItems === true ? 'each once' : undefined
  ]
  return parts.filter(part => part !== undefined).join(', ')
}

function defaultOf(node: SchemaNode, inherited: Path | undefined): string | undefined {
  const value = node.default ?? (inherited === undefined ? undefined : schemasAt(inherited)[0]?.default)
  const written = value === undefined || isEmptyObject(value) ? undefined : JSON.stringify(value)
  if (inherited === undefined) return written
  const place = inherited.join(' › ')
  return written === undefined ? `what ${place} says` : `what ${place} says; without it ${written}`
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function keysOf(node: SchemaNode): string | undefined {
  return alternativesOf(node)
    .flatMap(({ properties }) => Object.keys(properties ?? {}))
    .join(', ')
}
