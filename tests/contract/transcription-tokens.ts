import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Answer } from './client.ts'
import type { Contract } from './context.ts'

/** What a handshake is answered when its token is not a good one. */
export function transcriptionTokens({ baseUrl, call, account, sideOf, outcomeDiffers }: Contract): void {
  const shakeHands = async (id: string, token: string): Promise<void> => {
    const { headers, status, body } = await handshake(baseUrl(), token)
    const side = sideOf({ headers })
    outcomeDiffers(id, side, { kind: 'answer', status, ...(isRecord(body) && { body: { msg: body['msg'] } }) })
  }

  test('a handshake with a token that is none', async () => {
    await shakeHands('transcription.bad-token', 'none')
  })

  test('a handshake with a token that was logged out', async () => {
    const { token } = await account()
    expect((await call('POST', '/users/logout', { token })).status).toBe(200)
    await shakeHands('transcription.logged-out', token)
  })
}

type Handshake = Pick<Answer, 'status' | 'headers' | 'body'>

function handshake(origin: string, token: string): Promise<Handshake> {
  const { promise, resolve, reject } = Promise.withResolvers<Handshake>()
  const outgoing = request(`${origin}/transcription-stream`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      authorization: `Bearer ${token}`
    }
  })
  outgoing.once('upgrade', ({ headers, statusCode = 0 }, socket) => {
    socket.destroy()
    resolve({ status: statusCode, headers, body: undefined })
  })
  outgoing.once('response', answer => {
    const { statusCode: status = 0, headers } = answer
    json(answer).then(body => resolve({ status, headers, body }), reject)
  })
  outgoing.once('error', reject)
  outgoing.end()
  return promise
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
