import { createHmac } from 'node:crypto'
import { Agent, interceptors, type RetryHandler } from 'undici'
import type { Clock } from '../clock.ts'
import type { GatewayEvent } from './event.ts'
import type { EventLogger } from './events.ts'

const ANSWER_TIMEOUT_MS = 5_000
const QUEUED = 1_000
const RETRIES = {
  methods: ['POST'],
  maxRetries: 8,
  minTimeout: 500,
  maxTimeout: 30_000,
  timeoutFactor: 2,
  statusCodes: [408, 425, 429, 500, 502, 503, 504],
  errorCodes: [
    'ECONNRESET',
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENETDOWN',
    'ENETUNREACH',
    'EHOSTDOWN',
    'EHOSTUNREACH',
    'ETIMEDOUT',
    'EPIPE',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT'
  ]
} satisfies RetryHandler.RetryOptions

export interface WebhookOptions {
  /** An http(s) URL that takes a POST of one event as JSON. */
  readonly url: string
  /** Signs what is sent; base64 after `whsec_`, or any text. */
  readonly secret: string
  readonly clock: Clock
  readonly logger: EventLogger
  /** How many events may wait; default 1000. The oldest goes when one more comes. */
  readonly queued?: number
  /** Laid over how often, and after how many milliseconds, a delivery is tried again. */
  readonly retries?: RetryHandler.RetryOptions
}

export interface Webhook {
  /** Puts an event in the queue. Returns at once. */
  send(event: GatewayEvent): void
  /** How many events were delivered, given up after all retries, or dropped because the queue was full. */
  readonly counts: Readonly<Record<'delivered' | 'failed' | 'dropped', number>>
  /** Gives up what is queued. */
  close(): Promise<void>
}

/**
 * Delivers events one after the other, as the Standard Webhooks specification has it (standardwebhooks.com, v1): the
 * signature is the HMAC-SHA256 of id, timestamp and body, so a receiver can tell forged and replayed ones apart; an event
 * that comes twice has one id.
 */
export function createWebhook(options: WebhookOptions): Webhook {
  const { url, secret, clock, logger, queued = QUEUED, retries } = options
  const agent = new Agent({ headersTimeout: ANSWER_TIMEOUT_MS, bodyTimeout: ANSWER_TIMEOUT_MS })
  const dispatcher = agent.compose(interceptors.retry({ ...RETRIES, ...retries }))
  const { origin, pathname, search } = new URL(url)
  const key = keyOf(secret)
  const closing = new AbortController()
  const counts = { delivered: 0, failed: 0, dropped: 0 }
  const queue: GatewayEvent[] = []
  let isSending = false

  const deliver = async (event: GatewayEvent) => {
    const body = JSON.stringify(event)
    const timestamp = String(Math.floor(clock.now() / 1000))
    const answer = await dispatcher.request({
      origin,
      path: pathname + search,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': String(event.id),
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signatureOf(key, `${event.id}.${timestamp}.${body}`)}`
      },
      body,
      signal: closing.signal
    })
    await answer.body.dump()
    if (answer.statusCode >= 300) throw new Error(`status ${answer.statusCode}`)
  }

  const sendAll = async () => {
    isSending = true
    for (let event = queue.shift(); event !== undefined && !closing.signal.aborted; event = queue.shift()) {
      try {
        await deliver(event)
        counts.delivered += 1
      } catch (error) {
        if (closing.signal.aborted) break
        counts.failed += 1
        logger.error({ event: event.type, id: event.id, reason: reasonOf(error) }, 'an event could not be delivered')
      }
    }
    isSending = false
  }

  return {
    counts,
    send(event) {
      if (closing.signal.aborted) return
      queue.push(event)
      if (queue.length > queued) {
        queue.shift()
        counts.dropped += 1
      }
      if (!isSending) void sendAll()
    },
    async close() {
      closing.abort()
      await agent.destroy()
    }
  }
}

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)
}

function signatureOf(key: Buffer, content: string): string {
  return createHmac('sha256', key).update(content).digest('base64')
}

/** A code or a status; an error's own words may quote the URL, which may hold a secret. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('statusCode' in error) return `status ${String(error.statusCode)}`
  if ('code' in error) return String(error.code)
  return /^status \d+$/.test(error.message) ? error.message : error.name
}
