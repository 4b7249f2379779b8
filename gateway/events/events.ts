import { EventEmitter } from 'node:events'
import type { Clock } from '../clock.ts'
import type { GatewayEvent, NewEvent } from './event.ts'

const KEPT = 256

export type Listener = (event: GatewayEvent) => void

/** Events go to the log and to whoever subscribes. Nobody who listens can hold up or fail the one who tells. */
export interface Events {
  emit(event: NewEvent): void
  /** Tells those who listen here of what happened on another replica, which has logged it. */
  relay(event: NewEvent & Required<Pick<GatewayEvent, 'replica'>>): void
  /** The events that are kept and came after the one of this id, oldest first; all that are kept when it is undefined. */
  since(id?: number): readonly GatewayEvent[]
  /** Calls with every event from now on. Returns what ends it. */
  subscribe(listener: Listener): () => void
}

/** The part of a pino logger that is used here. */
export interface EventLogger {
  info(bindings: object, message: string): void
  warn(bindings: object, message: string): void
  error(bindings: object, message: string): void
}

export interface EventsOptions {
  readonly clock: Clock
  readonly logger: EventLogger
  /** How many are kept for those who come back; default 256. */
  readonly kept?: number
}

export function createEvents({ clock, logger, kept = KEPT }: EventsOptions): Events {
  const emitter = new EventEmitter<{ event: [GatewayEvent] }>()
  emitter.setMaxListeners(0)
  const ring: GatewayEvent[] = []
  // After a restart ids go on above those before it, as long as there are fewer than a thousand a second.
  let last = Math.floor(clock.now()) * 1000

  const tell = (told: NewEvent) => {
    const event = { id: ++last, at: new Date(clock.now()).toISOString(), ...told }
    ring.push(event)
    if (ring.length > kept) ring.shift()
    emitter.emit('event', event)
  }

  return {
    relay: tell,
    emit(told) {
      const { type, severity, message, ...rest } = told
      logger[LEVELS[severity]]({ event: type, ...rest }, message)
      tell(told)
    },
    since(id = 0) {
      return ring.filter(event => event.id > id)
    },
    subscribe(listener) {
      const guarded: Listener = event => {
        try {
          listener(event)
        } catch (error) {
          logger.error({ reason: String(error) }, 'a listener of events failed')
        }
      }
      emitter.on('event', guarded)
      return () => emitter.off('event', guarded)
    }
  }
}

const LEVELS = { info: 'info', warning: 'warn', error: 'error' } as const
