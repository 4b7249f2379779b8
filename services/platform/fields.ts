/** A field of a body that no schema has checked yet; undefined of a body that is no object. */
export function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
}
