import { expect } from 'vitest'
import { expectAnswer } from '../contract/answers.ts'
import { type Answer, client, type Method } from '../contract/client.ts'
import { chunk, transcriptionClient } from '../support/transcription-client.ts'

const ORIGIN = 'http://localhost:3000'

export type Side = 'legacy' | 'native'

/** An answer as it has to be. */
export type Expected = readonly [status: number, body: unknown]

export interface Frontend {
  /** Who answered, request by request, preflights too. */
  readonly servedBy: readonly Side[]
  /** The token that is sent from now on. */
  logIn(token: string): void
  /** Makes a request as a browser does, preflight first, and holds its answer against what the side that gave it owes. */
  send(
    method: Method,
    path: string,
    expected: Expected | ((side: Side) => Expected),
    body?: object
  ): Promise<Answer & { readonly side: Side }>
  /** Records these parts live, each of 32 characters, so that it is eight chunks, and says what was heard in the end. */
  record(consultation: string, header: string, parts: readonly string[]): Promise<string>
}

export interface FrontendOptions {
  readonly url: string
  /** Is given every request to make. */
  readonly around?: (<T>(request: () => Promise<T>) => Promise<T>) | undefined
}

/** The deployed frontend, as far as a backend sees it. */
export function frontend({ url, around = request => request() }: FrontendOptions): Frontend {
  const servedBy: Side[] = []
  const http = client(() => url)
  let token: string | undefined

  const sideOf = (step: string, { headers }: Pick<Answer, 'headers'>): Side => {
    const side = headers['x-served-by']
    if (side !== 'legacy' && side !== 'native') throw new Error(`${step} is answered by ${String(side)}`)
    servedBy.push(side)
    return side
  }

  async function preflight(method: Method, path: string): Promise<void> {
    const headers = {
      origin: ORIGIN,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type'
    }
    const step = `the preflight of ${method} ${path}`
    const answer = await http('OPTIONS', path, { headers })
    sideOf(step, answer)
    expect({ step, status: answer.status, headers: answer.headers }).toMatchObject({
      step,
      status: 204,
      headers: {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': expect.stringMatching(`\\b${method}\\b`),
        'access-control-allow-headers': expect.stringMatching(/^content-type,authorization$/i)
      }
    })
  }

  return {
    servedBy,

    logIn(given) {
      token = given
    },

    async send(method, path, expected, body) {
      const answer = await around(async () => {
        await preflight(method, path)
        return http(method, path, { token, headers: { origin: ORIGIN }, body })
      })
      const side = sideOf(`${method} ${path}`, answer)
      const [status, content] = typeof expected === 'function' ? expected(side) : expected
      const step = `${method} ${path} by ${side}`
      expect({ step, status: answer.status, body: answer.body }).toEqual({ step, status, body: content })
      expectAnswer(answer, status, content)
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-credentials': 'true'
      })
      return { ...answer, side }
    },

    async record(consultation, header, parts) {
      const socket = await around(() => transcriptionClient(url, { headers: { origin: ORIGIN } }))
      sideOf('the live transcription', socket)
      expect(await socket.next()).toMatch(/^\{"type":"connection","connectionId":"ID","message":".+"\}$/)
      socket.send({ type: 'start_recording', consultationId: consultation })
      expect(await socket.next()).toBe(`{"type":"recording_started","consultationId":"${consultation}"}`)
      socket.send(chunk(header))
      let text = ''
      for (const part of parts) {
        // Each on its way while routes change: the connection stays where it is.
        await around(async () => socket.send(...(part.match(/.{1,4}/gs)?.map(chunk) ?? [])))
        text = `${text} ${header}${part}`.trim()
        expect(frameOf(await socket.next())).toEqual({ type: 'transcript', text, timestamp: 'TIME', isPartial: true })
      }
      socket.send({ type: 'stop_recording' })
      const whole = `${header}${parts.join('')}`
      const final = { type: 'transcript', text: whole, timestamp: 'TIME', isPartial: false, isFinal: true }
      expect(frameOf(await socket.next())).toEqual(final)
      expect(await socket.next()).toBe('{"type":"recording_stopped","connectionId":"ID"}')
      socket.socket.close(1000)
      expect((await socket.closed)[0]).toBe(1000)
      return whole
    }
  }
}

function frameOf(frame: string): unknown {
  return JSON.parse(frame)
}
