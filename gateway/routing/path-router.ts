import findMyWay from 'find-my-way'
import type { HTTPMethod, Instance, HTTPVersion } from 'find-my-way'
import type { Segments } from './pattern.ts'

const NO_QUERY = {}

/** find-my-way, set as Fastify's router is in this process, over patterns that are taken apart, with values of one type. */
export class PathRouter<T> {
  readonly #router: Instance<HTTPVersion.V1>
  readonly #methods = new Set<string>()
  readonly #values: T[] = []

  constructor(maxParamLength: number) {
    this.#router = findMyWay({
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: false,
      maxParamLength,
      querystringParser: () => NO_QUERY
    })
  }

  /** @throws when the method already has a pattern that matches the same paths. */
  add(method: HTTPMethod, segments: Segments, value: T): void {
    const path = `/${segments.map((segment, index) => (segment === ':' ? `:${index}` : segment)).join('/')}`
    this.#methods.add(method)
    this.#router.on(method, path, () => {}, this.#values.push(value) - 1)
  }

  /** Generates the look-up code; call it when all patterns are in. */
  compile(): void {
    this.#router.compile()
  }

  /** The value of the most specific pattern that matches; undefined also for a method without any pattern. */
  find(method: string, path: string): T | undefined {
    if (!this.#has(method)) return undefined
    const found = this.#router.find(method, path)
    return found === null ? undefined : this.#values[Number(found.store)]
  }

  /** As `find`, but as Express has it: a parameter takes at least one character. Slower. */
  findStrict(method: string, path: string): T | undefined {
    if (!this.#has(method)) return undefined
    const found = this.#router.find(method, path)
    if (found === null) return undefined
    const hasEmpty = Object.entries(found.params).some(([name, value]) => value === '' && name !== '*')
    return hasEmpty ? undefined : this.#values[Number(found.store)]
  }

  #has(method: string): method is HTTPMethod {
    return this.#methods.has(method)
  }
}
