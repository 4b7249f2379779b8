import { createEventSource, type EventSourceClient } from 'eventsource-client'
import {
  type GatewayEvent,
  GatewayEventSchema,
  type RolloutStatus,
  RolloutStatusSchema
} from '../../gateway/admin/schemas.ts'
import { type AuditEntry, AuditEntrySchema } from '../../gateway/audit/entry.ts'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

/** What operations staff do and hear, through the admin API. */
export interface Staff {
  /** @param weight of `set`, in percent. */
  act(verb: string, target: string, reason: string, weight?: number): Promise<void>
  rollout(target: string): Promise<RolloutStatus>
  /** The weights that the route was given so far, the first one first. */
  weights(route: string): Promise<unknown[]>
  /** The newest entry first. */
  audit(): Promise<AuditEntry[]>
  /** The types of the events so far. */
  heard(): string[]
  /** Resolves with the first event of that type, also one that was told before. */
  event(type: string, deadlineMs: number): Promise<GatewayEvent>
  weightReached(route: string, weight: number, deadlineMs: number): Promise<void>
  close(): void
}

const Entries = Type.Array(AuditEntrySchema)

/** @param printed what the gateway, or the demo, printed: the credential of the first start is in it. */
export function signIn(adminUrl: string, printed: readonly string[]): Staff {
  const credential = /sgw_\S+/.exec(printed.join('\n'))?.[0]
  if (credential === undefined) throw new Error('no credential was printed')
  const headers = { authorization: `Bearer ${credential}` }
  const api = `${adminUrl}/api`

  const get = async <T extends TSchema>(path: string, schema: T): Promise<Static<T>> => {
    const response = await fetch(api + path, { headers })
    return Value.Parse(schema, await response.json())
  }
  const heard: GatewayEvent[] = []
  const listeners = new Set<() => void>()
  const events: EventSourceClient = createEventSource({
    url: `${api}/events`,
    headers,
    onMessage({ data }) {
      heard.push(Value.Parse(GatewayEventSchema, JSON.parse(data)))
      for (const listener of listeners) listener()
    }
  })

  /** The first answer of `find` that is not undefined, over all that was heard and then with every event. */
  const first = <T>(find: () => T | undefined, deadlineMs: number, what: string): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const look = () => {
      const found = find()
      if (found !== undefined) resolve(found)
    }
    const late = setTimeout(() => void tellLate().then(reject, reject), deadlineMs)
    const tellLate = async () => {
      const told = heard.map(({ type, message }) => `${type}: ${message}`)
      const rollouts = await get('/rollouts', Type.Array(RolloutStatusSchema))
      const held = rollouts.flatMap(({ group, obstacles }) => obstacles.map(each => `${group} is held: ${each}`))
      return new Error(`${what} did not come within ${deadlineMs} ms; heard was\n${[...told, ...held].join('\n')}`)
    }
    listeners.add(look)
    look()
    return promise.finally(() => {
      clearTimeout(late)
      listeners.delete(look)
    })
  }

  return {
    async act(verb, target, reason, weight) {
      const current = (await fetch(`${api}/routes`, { headers })).headers.get('etag') ?? ''
      const response = await fetch(`${api}/rollouts/${target}/${verb}`, {
        method: 'POST',
        headers: { ...headers, 'if-match': current, 'content-type': 'application/json' },
        body: JSON.stringify({ reason, weight })
      })
      if (response.status !== 200) throw new Error(`${verb} ${target}: ${response.status} ${await response.text()}`)
    },
    rollout: target => get(`/rollouts/${target}`, RolloutStatusSchema),
    async weights(route) {
      const entries = await get(`/audit?limit=100&route=${route}&action=config.change`, Entries)
      const changes = entries.toReversed().flatMap(entry => entry.changes)
      return changes.filter(({ path }) => path === `/routes/${route}/weight`).map(({ to }) => to)
    },
    audit: () => get('/audit?limit=10', Entries),
    heard: () => heard.map(({ type }) => type),
    event: (type, deadlineMs) => first(() => heard.find(event => event.type === type), deadlineMs, type),
    async weightReached(route, weight, deadlineMs) {
      const isThere = () => heard.some(event => event.weight === weight && event.routes.includes(route)) || undefined
      await first(isThere, deadlineMs, `weight ${weight}`)
    },
    close: () => events.close()
  }
}
