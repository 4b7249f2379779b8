import { get as httpGet, type IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Scene } from '../admin/support.ts'

export interface Message {
  readonly event: string
  readonly id: number | undefined
  readonly data: unknown
}

export interface Stream {
  readonly response: IncomingMessage
  /** The next message. */
  next(): Promise<Message>
  /** What came and was not taken yet. */
  readonly waiting: number
  /** Settles when nothing more comes. */
  readonly ended: Promise<void>
}

export interface StreamOptions {
  readonly cookie?: string | undefined
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Opens a stream of the admin listener, as a browser that is signed in. */
export async function openStream(
  scene: Scene,
  { cookie, path = '/dashboard/api/live', headers = {} }: StreamOptions
): Promise<Stream> {
  const sent = { ...headers, ...(cookie === undefined ? {} : { cookie }) }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  httpGet(`${await scene.adminUrl()}${path}`, { headers: sent, agent: false })
    .on('response', resolve)
    .on('error', reject)
  const response = await promise
  // What cuts the stream short is an end as well.
  response.on('error', () => {})
  onTestFinished(() => void response.destroy())
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  response.on('close', end)
  const messages: Message[] = []
  let text = ''
  let wake: (() => void) | undefined
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (text + chunk).split('\n\n')
    text = blocks.pop() ?? ''
    messages.push(...blocks.filter(block => !block.startsWith(':')).map(messageOf))
    wake?.()
  })
  return {
    response,
    ended,
    get waiting() {
      return messages.length
    },
    async next() {
      for (;;) {
        const message = messages.shift()
        if (message !== undefined) return message
        const { promise: more, resolve: arrived } = Promise.withResolvers<void>()
        wake = arrived
        await more
      }
    }
  }
}

function messageOf(block: string): Message {
  const fields = new Map(block.split('\n').map(line => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]))
  const id = fields.get('id')
  return {
    event: fields.get('event') ?? '',
    id: id === undefined ? undefined : Number(id),
    data: JSON.parse(fields.get('data') ?? 'null')
  }
}
