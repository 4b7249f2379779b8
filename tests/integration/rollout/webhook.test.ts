import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { GatewayEvent } from '../../../gateway/events/event.ts'
import { createWebhook, type WebhookOptions } from '../../../gateway/events/webhook.ts'
import { manualClock } from '../../support/clock.ts'

const SECRET = 'a secret of the tests'
const quick = { minTimeout: 1, maxTimeout: 1 }

interface Delivery {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly response: ServerResponse
}

/** A receiver that leaves every delivery to the test to answer. */
async function receiver() {
  const deliveries: Delivery[] = []
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    deliveries.push({ headers: request.headers, body: await text(request), response })
    server.emit('delivery')
  }
  const server = createServer((request, response) => void take(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver does not listen on TCP')
  return {
    url: `http://127.0.0.1:${address.port}/hook?team=1`,
    /** The nth delivery, from 1, as soon as it is there. */
    async delivery(nth: number): Promise<Delivery> {
      while (deliveries.length < nth) await once(server, 'delivery')
      const found = deliveries[nth - 1]
      if (found === undefined) throw new Error('it was there a moment ago')
      return found
    }
  }
}

function webhook(url: string, rest: Partial<WebhookOptions> = {}) {
  const log: object[] = []
  const line = (bindings: object) => void log.push(bindings)
  const logger = { info: line, warn: line, error: line }
  const made = createWebhook({ url, secret: SECRET, clock: manualClock(), logger, retries: quick, ...rest })
  onTestFinished(() => made.close())
  return { ...made, counts: made.counts, log }
}

const event = (id: number): GatewayEvent => ({
  id,
  at: '2026-01-05T12:00:00.000Z',
  type: 'rollout.step-passed',
  severity: 'info',
  message: 'notes passed 10 %',
  routes: ['notes.list'],
  group: 'notes',
  weight: 25
})

test('an event is posted as JSON, signed over its id, the time and the body', async () => {
  const target = await receiver()
  const hook = webhook(target.url)
  hook.send(event(7))
  const { headers, body, response } = await target.delivery(1)
  expect(JSON.parse(body)).toEqual(event(7))
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': '7' })
  const timestamp = String(manualClock().now() / 1000)
  expect(headers['webhook-timestamp']).toBe(timestamp)
  const expected = createHmac('sha256', SECRET).update(`7.${timestamp}.${body}`).digest('base64')
  expect(headers['webhook-signature']).toBe(`v1,${expected}`)
  response.end()
  await expect.poll(() => hook.counts.delivered).toBe(1)
})

test('a secret in the form of the specification is taken as its bytes', async () => {
  const target = await receiver()
  const key = Buffer.from('twenty-four random bytes')
  webhook(target.url, { secret: `whsec_${key.toString('base64')}` }).send(event(1))
  const { headers, body } = await target.delivery(1)
  const content = `1.${String(headers['webhook-timestamp'])}.${body}`
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(content).digest('base64')}`)
})

test('a delivery that fails is tried again under its id, and the next waits for it', async () => {
  const target = await receiver()
  const hook = webhook(target.url)
  hook.send(event(1))
  hook.send(event(2))
  ;(await target.delivery(1)).response.writeHead(503).end()
  ;(await target.delivery(2)).response.destroy()
  ;(await target.delivery(3)).response.end()
  const fourth = await target.delivery(4)
  fourth.response.end()
  const ids = await Promise.all([1, 2, 3, 4].map(async nth => (await target.delivery(nth)).headers['webhook-id']))
  expect(ids).toEqual(['1', '1', '1', '2'])
  await expect.poll(() => hook.counts).toEqual({ delivered: 2, failed: 0, dropped: 0 })
})

test('what the receiver refuses for good, or too often, is counted and told without the URL', async () => {
  const target = await receiver()
  const hook = webhook(target.url, { retries: { ...quick, maxRetries: 1 } })
  hook.send(event(1))
  ;(await target.delivery(1)).response.writeHead(410).end()
  hook.send(event(2))
  ;(await target.delivery(2)).response.writeHead(500).end()
  ;(await target.delivery(3)).response.writeHead(500).end()
  await expect.poll(() => hook.counts).toEqual({ delivered: 0, failed: 2, dropped: 0 })
  expect(hook.log).toEqual([
    { event: 'rollout.step-passed', id: 1, reason: 'status 410' },
    { event: 'rollout.step-passed', id: 2, reason: 'status 500' }
  ])
})

test('a queue that is full drops its oldest', async () => {
  const target = await receiver()
  const hook = webhook(target.url, { queued: 2 })
  for (const id of [1, 2, 3, 4]) hook.send(event(id))
  expect(hook.counts.dropped).toBe(1)
  ;(await target.delivery(1)).response.end()
  ;(await target.delivery(2)).response.end()
  ;(await target.delivery(3)).response.end()
  const ids = await Promise.all([1, 2, 3].map(async nth => (await target.delivery(nth)).headers['webhook-id']))
  expect(ids).toEqual(['1', '3', '4'])
})

test('closing gives up what is under way and what waits', async () => {
  const target = await receiver()
  const hook = webhook(target.url)
  hook.send(event(1))
  hook.send(event(2))
  await target.delivery(1)
  await hook.close()
  hook.send(event(3))
  expect(hook.counts).toEqual({ delivered: 0, failed: 0, dropped: 0 })
})
