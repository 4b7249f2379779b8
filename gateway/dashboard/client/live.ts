import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { GatewayEvent, LiveChanges, LiveRoute, LiveSnapshot, LiveTotals } from '../../admin/schemas.ts'
import { get } from './api.ts'

const URL = '/dashboard/api/live'
const KEPT_EVENTS = 200
const RETRY_MS = 2_000
/** Changes come every second or two; after this long without any the connection is taken for dead. */
const SILENCE_MS = 30_000

/** What the gateway tells of itself as it happens. */
export interface Live {
  readonly totals: LiveTotals | undefined
  /** By id, in the configuration's order; a route that did not change stays the same object. */
  readonly routes: ReadonlyMap<string, LiveRoute>
  /** Newest first. */
  readonly events: readonly GatewayEvent[]
  readonly state: 'live' | 'connecting' | 'stale'
  /** When the gateway took what is shown. */
  readonly at: Date | undefined
}

export interface LiveFeed {
  readonly current: Live
  subscribe(listener: () => void): () => void
  close(): void
}

const NOTHING: Live = { totals: undefined, routes: new Map(), events: [], state: 'connecting', at: undefined }

/** Opens the stream, and opens it again for as long as it is not closed. */
export function openLive(): LiveFeed {
  let current = NOTHING
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isClosed = false
  const listeners = new Set<() => void>()
  const update = (part: Partial<Live>) => {
    current = { ...current, ...part }
    for (const listener of listeners) listener()
  }
  const lose = () => update({ state: current.at === undefined ? 'connecting' : 'stale' })
  const later = (ms: number, act: () => void) => {
    clearTimeout(timer)
    if (!isClosed) timer = setTimeout(act, ms)
  }
  const heard = () => later(SILENCE_MS, reopen)

  function reopen(): void {
    source?.close()
    lose()
    open()
  }

  function open(): void {
    const opened = new EventSource(URL)
    source = opened
    heard()
    const on = (name: string, take: (data: string) => void) => {
      opened.addEventListener(name, ({ data }: MessageEvent<string>) => {
        heard()
        take(data)
      })
    }
    on('snapshot', data => {
      const { at, totals, routes }: LiveSnapshot = JSON.parse(data)
      update({ at: new Date(at), totals, routes: new Map(routes.map(route => [route.id, route])), state: 'live' })
    })
    on('changes', data => update({ ...merged(current, JSON.parse(data)), state: 'live' }))
    on('event', data => {
      const event: GatewayEvent = JSON.parse(data)
      if (!current.events.some(({ id, replica }) => id === event.id && replica === event.replica)) {
        update({ events: [event, ...current.events].slice(0, KEPT_EVENTS) })
      }
    })
    opened.addEventListener('error', () => {
      lose()
      if (opened.readyState !== EventSource.CLOSED) return
      // The answer was no stream: a proxy's error, or the session is over, which the next question finds out.
      later(RETRY_MS, () => void get('/session').then(reopen, () => later(RETRY_MS, reopen)))
    })
  }

  open()
  return {
    get current() {
      return current
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      source?.close()
    }
  }
}

function merged({ routes: before }: Live, { at, totals, routes: changed, gone }: LiveChanges): Partial<Live> {
  if (changed.length === 0 && gone.length === 0) return { at: new Date(at), totals }
  const routes = new Map(before)
  for (const route of changed) routes.set(route.id, route)
  for (const id of gone) routes.delete(id)
  return { at: new Date(at), totals, routes }
}

export const LiveContext = createContext<LiveFeed | undefined>(undefined)

/** What is known now; the component is drawn again when it changes. */
export function useLive(): Live {
  const feed = useContext(LiveContext)
  const [live, setLive] = useState(feed?.current ?? NOTHING)
  useEffect(() => {
    if (feed === undefined) return undefined
    const take = () => setLive(feed.current)
    take()
    return feed.subscribe(take)
  }, [feed])
  return live
}
