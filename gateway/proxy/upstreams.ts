import type { RoutingConfig } from '../config/schema.ts'
import { isOrigin } from '../environment.ts'
import { createUpstream, type Upstream, type UpstreamOptions } from './upstream.ts'

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

/** The upstreams of the current revision, by name. */
export interface Upstreams {
  get(name: string): Upstream | undefined
  /** Takes over the targets of a revision: unchanged ones keep their connections, dropped ones finish what is in flight. */
  apply(targets: readonly UpstreamOptions[]): void
  close(): Promise<void>
}

export function createUpstreams(): Upstreams {
  const current = new Map<string, Upstream>()
  const retiring = new Set<Upstream>()
  return {
    get: name => current.get(name),
    apply(targets) {
      const kept = new Map(targets.map(target => [target.name, target]))
      for (const [name, upstream] of current) {
        const target = kept.get(name)
        if (target?.url.href === upstream.url.href && target.connectTimeout === upstream.connectTimeout) continue
        current.delete(name)
        retiring.add(upstream)
        void upstream.retire().finally(() => retiring.delete(upstream))
      }
      for (const target of targets) if (!current.has(target.name)) current.set(target.name, createUpstream(target))
    },
    async close() {
      await Promise.all([...current.values(), ...retiring].map(upstream => upstream.close()))
    }
  }
}

/**
 * The targets of a configuration with `${NAME}` filled in from the environment.
 *
 * @throws Error naming the target, and the variable that is unset or the URL that is no origin.
 */
export function resolveTargets(
  config: RoutingConfig,
  env: Readonly<Record<string, string | undefined>>
): UpstreamOptions[] {
  return Object.entries(config.targets).map(([name, target]) => {
    const url = target.url.replaceAll(VARIABLE, (_, variable: string) => {
      const value = env[variable]
      if (value === undefined || value === '') {
        throw new Error(`/targets/${name}/url: found ${target.url}, expected ${variable} to be set in the environment`)
      }
      return value
    })
    if (!isOrigin(url))
      throw new Error(
        `/targets/${name}/url: found ${target.url}, expected an http:// or https:// origin without a path`
      )
    return { name, url: new URL(url), connectTimeout: target.connectTimeoutMs }
  })
}
