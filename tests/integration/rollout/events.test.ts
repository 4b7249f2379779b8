import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { saveByRename } from '../../support/gateway.ts'
import { gatewayForTest } from '../gateway/support.ts'

const SECRET = 'a secret of the webhook'

test('a gateway posts what happens to its webhook, signed, and logs it', async () => {
  const deliveries: { request: IncomingMessage; body: string }[] = []
  const server = createServer((request, response) => {
    const take = async () => {
      deliveries.push({ request, body: await text(request) })
      response.end()
    }
    void take()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the webhook does not listen on TCP')
  const gateway = await gatewayForTest({
    env: { EVENT_WEBHOOK_URL: `http://127.0.0.1:${address.port}/hook`, EVENT_WEBHOOK_SECRET: SECRET }
  })

  await saveByRename(gateway.configFile, '{ "version": 2 }')
  await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBe(1)
  const [delivery] = deliveries
  const { headers } = delivery?.request ?? {}
  expect(JSON.parse(delivery?.body ?? '')).toMatchObject({
    type: 'config.refused',
    severity: 'error',
    message: expect.stringContaining('expected the number 1')
  })
  const content = `${String(headers?.['webhook-id'])}.${String(headers?.['webhook-timestamp'])}.${delivery?.body}`
  const expected = createHmac('sha256', SECRET).update(content).digest('base64')
  expect(headers?.['webhook-signature']).toBe(`v1,${expected}`)
  await gateway.waitForLog(({ event }) => (event === 'config.refused' ? true : undefined))
  await gateway.stop()
})
