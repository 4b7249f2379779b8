/**
 * Moves every schema that has a title into `components.schemas` and leaves a reference to it, so that what is said once
 * in the code is said once in the document.
 *
 * @throws Error when two different schemas have one title
 */
export function hoistTitled<T extends { paths?: unknown; components?: unknown }>(document: T): T {
  const schemas = new Map<string, string>()
  const hoisted: Record<string, unknown> = {}

  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    const entries = Object.entries(node).map(([key, value]) => [key, isExample(key) ? value : walk(value)])
    const copy = withEnum(Object.fromEntries(entries))
    const { title } = copy
    if (typeof title !== 'string') return copy
    const text = JSON.stringify(copy)
    if ((schemas.get(title) ?? text) !== text) throw new Error(`two different schemas have the title ${title}`)
    schemas.set(title, text)
    hoisted[title] = copy
    return { $ref: `#/components/schemas/${title}` }
  }

  const paths = walk(document.paths)
  return { ...document, paths, components: { ...Object(document.components), schemas: hoisted } }
}

/** A union of texts as people write it. */
function withEnum({ anyOf, ...schema }: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(anyOf)) return anyOf === undefined ? schema : { ...schema, anyOf }
  const texts: unknown[] = anyOf.map(({ const: text }) => text)
  return texts.every(text => typeof text === 'string')
    ? { ...schema, type: 'string', enum: texts }
    : { ...schema, anyOf }
}

/** Data, in which a title is none. */
function isExample(key: string): boolean {
  return key === 'example' || key === 'examples'
}
