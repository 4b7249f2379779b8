import { writeFile } from 'node:fs/promises'
import { RoutingConfigSchema } from './schema.ts'

/**
 * The JSON Schema of routing.config.json as editors want it: what has a default need not be written, so it is not
 * required there.
 */
export function editorSchema(): string {
  const schema = JSON.stringify(
    { $schema: 'http://json-schema.org/draft-07/schema#', ...RoutingConfigSchema },
    relax,
    2
  )
  return `${schema}\n`
}

function relax(_key: string, node: unknown): unknown {
  if (!isObjectSchema(node)) return node
  const { properties } = node
  const required = node.required.filter(name => properties[name]?.default === undefined)
  return { ...node, required }
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, { readonly default?: unknown }>>
  readonly required: readonly string[]
}

function isObjectSchema(node: unknown): node is ObjectSchema {
  return (
    typeof node === 'object' && node !== null && 'properties' in node && Array.isArray(Reflect.get(node, 'required'))
  )
}

if (import.meta.main) {
  await writeFile(new URL('../../routing.config.schema.json', import.meta.url), editorSchema())
}
