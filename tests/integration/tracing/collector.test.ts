import { expect, test } from 'vitest'
import { call, NOBODY } from '../gateway/support.ts'
import { askWithin, givenTracing, type Scene, surroundings } from './scene.ts'

const around = surroundings()

const FAILS = 'traces cannot be sent to the collector'
const WORKS = 'traces are sent to the collector again'

function told({ gateway }: Scene, line: string) {
  return gateway.log().filter(({ msg }) => msg === line)
}

/** Sends as many batches as that, one request each. */
async function sendBatches(scene: Scene, count: number) {
  for (let nth = 1; nth <= count; nth++) {
    expect((await askWithin(scene, '/')).answer.status).toBe(200)
    await scene.collector.sent(nth)
  }
}

test('what is gathered is sent before the gateway ends, under the name and with the header that are set', async () => {
  const scene = await givenTracing(around(), {
    weights: 0,
    env: { OTEL_SERVICE_NAME: 'edge-of-the-test', OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b' }
  })
  const { traceId } = await askWithin(scene, '/')
  await scene.gateway.stop()
  const spans = scene.collector.spans.filter(span => span.traceId === traceId)
  expect(spans).toHaveLength(2)
  expect(spans[0]?.resource['service.name']).toBe('edge-of-the-test')
  expect(scene.collector.headers[0]?.['x-tenant']).toBe('a b')
})

test('one that is away costs one line of the log, and no request', async () => {
  const scene = await givenTracing(around(), { weights: 0, env: { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(scene.gateway.url, '/')))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  await scene.gateway.waitForLog(({ msg }) => (msg === FAILS ? msg : undefined))
  await scene.gateway.stop()
  expect(told(scene, FAILS)).toMatchObject([{ endpoint: NOBODY, reason: 'ECONNREFUSED' }])
})

test('one that answers 500 is sent nothing twice, and the log says so once', async () => {
  const scene = await givenTracing(around(), { weights: 0, manner: () => 500 })
  await sendBatches(scene, 4)
  expect(await scene.gateway.stop()).toMatchObject({ code: 0 })
  const { bodies, url } = scene.collector
  expect(new Set(bodies.map(body => body.toString('hex'))).size).toBe(bodies.length)
  expect(told(scene, FAILS)).toMatchObject([{ endpoint: url, reason: '500' }])
  expect(told(scene, WORKS)).toEqual([])
})

test('one that fails every other time costs two lines of the log a minute', async () => {
  const scene = await givenTracing(around(), { weights: 0, manner: nth => (nth % 2 === 1 ? 500 : 200) })
  await sendBatches(scene, 5)
  await scene.gateway.stop()
  expect(told(scene, FAILS)).toHaveLength(1)
  expect(told(scene, WORKS)).toHaveLength(1)
})

test('one that never answers holds up neither requests nor the end of the gateway', async () => {
  const scene = await givenTracing(around(), { weights: 0, manner: () => 'silence' })
  await sendBatches(scene, 1)
  expect((await askWithin(scene, '/')).answer.status).toBe(200)
  expect(await scene.gateway.stop(8_000)).toMatchObject({ code: 0 })
})
