import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { Value } from '@sinclair/typebox/value'
import { expect, onTestFinished, test, vi } from 'vitest'
import { GatewayEventSchema, type GatewayEvent } from '../../../gateway/admin/schemas.ts'
import type { NewEvent } from '../../../gateway/events/event.ts'
import { call, type Scene, startScene } from './support.ts'

const EVENT: NewEvent = { type: 'config.mended', severity: 'info', message: 'mended', routes: [] }

interface Stream {
  readonly response: IncomingMessage
  /** The next so many events. */
  take(count: number): Promise<GatewayEvent[]>
  /** Settles when nothing more comes. */
  readonly ended: Promise<void>
}

async function follow(scene: Scene, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
  const url = `${await scene.adminUrl()}/api/events`
  const request = httpGet(url, { headers: { authorization: `Bearer ${scene.first}`, ...headers } })
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  request.on('response', resolve)
  const response = await promise
  // What cuts the stream short is an end as well.
  response.on('error', () => {})
  onTestFinished(() => void response.destroy())
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  response.on('close', end)
  let text = ''
  let wake: (() => void) | undefined
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    wake?.()
  })
  return {
    response,
    ended,
    async take(count) {
      for (;;) {
        const blocks = text.split('\n\n')
        const whole = blocks.slice(0, -1).filter(block => !block.startsWith(':'))
        if (whole.length >= count) {
          text = blocks.at(-1) ?? ''
          return whole.map(eventOf)
        }
        const { promise: more, resolve: arrived } = Promise.withResolvers<void>()
        wake = arrived
        await more
      }
    }
  }
}

function eventOf(block: string): GatewayEvent {
  const fields = new Map(block.split('\n').map(line => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]))
  const event: unknown = JSON.parse(fields.get('data') ?? 'null')
  if (!Value.Check(GatewayEventSchema, event)) throw new Error(`no event: ${block}`)
  expect({ id: fields.get('id'), event: fields.get('event') }).toEqual({ id: String(event.id), event: event.type })
  return event
}

test('events come as they happen, and a reader that comes back gets what it missed', async () => {
  const scene = await startScene()
  const stream = await follow(scene)
  expect(stream.response).toMatchObject({
    statusCode: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  })
  await call(scene, 'POST /api/rollouts/things/start', { body: { reason: 'go' } })
  const live = await stream.take(2)
  expect(live.map(({ type }) => type)).toEqual(['config.applied', 'rollout.started'])
  stream.response.destroy()

  const { gateway } = scene
  for (let count = 0; count < 3; count++) gateway.events.emit(EVENT)
  const again = await follow(scene, { 'last-event-id': String(live[1]?.id) })
  const missed = await again.take(3)
  gateway.events.emit({ ...EVENT, message: 'now' })
  const ids = [...missed, ...(await again.take(1))].map(({ id }) => id)
  expect(ids).toEqual([1, 2, 3, 4].map(step => Number(live[1]?.id) + step))
})

test('without Last-Event-ID nothing of before comes; a wrong one, and a client that takes no stream, are told', async () => {
  const scene = await startScene()
  scene.gateway.events.emit(EVENT)
  const stream = await follow(scene)
  scene.gateway.events.emit({ ...EVENT, message: 'new' })
  expect(await stream.take(1)).toMatchObject([{ message: 'new' }])
  expect(await call(scene, 'GET /api/events', { headers: { 'last-event-id': 'x' } })).toMatchObject({
    status: 400,
    body: { error: 'bad-request', message: expect.stringContaining('Last-Event-ID') }
  })
  expect((await call(scene, 'GET /api/events', { headers: { accept: 'text/html' } })).status).toBe(406)
  expect((await call(scene, 'GET /api/events', { credential: undefined })).status).toBe(401)
})

test('a stream shows that it is alive while nothing happens', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const scene = await startScene()
  const { response } = await follow(scene)
  const arrived = once(response, 'data')
  vi.advanceTimersByTime(15_000)
  expect(await arrived).toEqual([': heartbeat\n\n'])
})

test('a gateway that stops ends its streams and does not wait for them', async () => {
  const scene = await startScene()
  const streams = [await follow(scene), await follow(scene)]
  const idle = await follow(scene)
  // Somebody who reads nothing more.
  idle.response.pause()
  const began = performance.now()
  for (const { response } of streams) response.resume()
  await scene.close()
  expect(performance.now() - began).toBeLessThan(3_000)
  await Promise.all(streams.map(({ ended }) => ended))
})

test('a reader that does not read is dropped, and the others go on', async () => {
  const scene = await startScene()
  const [slow, good] = [await follow(scene), await follow(scene)]
  slow.response.pause()
  const { server } = scene.gateway.admin
  const readers = () =>
    new Promise<number>((resolve, reject) => {
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
    })
  expect(await readers()).toBe(2)
  const long: NewEvent = { ...EVENT, message: 'x'.repeat(60_000) }
  // The system takes some megabytes before the gateway has to keep anything for a reader.
  for (let count = 0; (await readers()) === 2 && count < 1_000; count++) {
    scene.gateway.events.emit(long)
    expect(await good.take(1)).toHaveLength(1)
  }
  expect(await readers()).toBe(1)
  slow.response.resume()
  await slow.ended
  expect(slow.response.complete).toBe(false)
  scene.gateway.events.emit({ ...EVENT, message: 'after' })
  expect(await good.take(1)).toMatchObject([{ message: 'after' }])
})
