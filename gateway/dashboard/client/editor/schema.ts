import document from '../../../../routing.config.schema.json' with { type: 'json' }

export type Path = readonly (string | number)[]

/** The part of JSON Schema that the routing configuration's schema uses. */
export interface SchemaNode {
  readonly type?: string | undefined
  readonly description?: string | undefined
  readonly default?: unknown
  readonly const?: unknown
  readonly examples?: readonly unknown[] | undefined
  readonly anyOf?: readonly SchemaNode[] | undefined
  readonly properties?: Readonly<Record<string, SchemaNode | undefined>> | undefined
  readonly patternProperties?: Readonly<Record<string, SchemaNode | undefined>> | undefined
  readonly items?: SchemaNode | undefined
  readonly required?: readonly string[] | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly exclusiveMinimum?: number | undefined
  readonly exclusiveMaximum?: number | undefined
  readonly maxLength?: number | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly uniqueItems?: boolean | undefined
  readonly errorMessage?: string | undefined
}

const ROOT: SchemaNode = document

/** What the schema says of the value at a path; several where it allows one of several; empty where it knows nothing. */
export function schemasAt(path: Path): SchemaNode[] {
  let nodes: SchemaNode[] = [ROOT]
  for (const key of path) nodes = nodes.flatMap(alternativesOf).flatMap(node => below(node, key))
  return nodes
}

/** The node itself, or what it allows one of. */
export function alternativesOf(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? [node]
}

/** The values that are written out in the schema: constants, and true and false. */
export function valuesOf(node: SchemaNode): unknown[] {
  return alternativesOf(node).flatMap(each => {
    if (each.const !== undefined) return [each.const]
    return each.type === 'boolean' ? [true, false] : []
  })
}

/**
 * Where a value comes from that a route does not give itself: the path below "defaults". Undefined for what has no
 * counterpart there.
 */
export function inheritedPath(path: Path): Path | undefined {
  if (path[0] !== 'routes' || path.length < 3) return undefined
  const counterpart = ['defaults', ...path.slice(2)]
  return schemasAt(counterpart).length > 0 ? counterpart : undefined
}

function below(node: SchemaNode, key: string | number): SchemaNode[] {
  if (typeof key === 'number') return node.items === undefined ? [] : [node.items]
  const own = node.properties?.[key]
  if (own !== undefined) return [own]
  const matching = Object.entries(node.patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern).test(key))
  return matching.flatMap(([, each]) => each ?? [])
}
