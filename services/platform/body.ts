import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { BodyTooLarge, MalformedBody, UnsupportedBody } from './errors.ts'
import { refuseUnstorable } from './storable.ts'

/** The legacy's limit, on the body as sent and as inflated. */
export const BODY_LIMIT_BYTES = 10 * 1024 * 1024

const inflaters = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)]
])

/**
 * Request bodies as `express.json({ limit: '10mb' })` reads them: JSON objects and arrays, inflated if need be, an
 * empty body as `{}`; a body of any other content type is not read and leaves `request.body` undefined.
 * Keys that would reach a prototype are dropped; what MongoDB could not store is refused.
 */
export const body = fp(
  async app => {
    const parseText = app.getDefaultJsonParser('remove', 'remove')
    const parseJson = (request: FastifyRequest, text: string) =>
      new Promise<unknown>((resolve, reject) => {
        void parseText(request, text, (error, value: unknown) => (error ? reject(error) : resolve(value)))
      })

    app.removeAllContentTypeParsers()
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
      async (request: FastifyRequest, bytes: Buffer) => {
        const text = decode(await inflated(request, bytes), request.headers['content-type'])
        if (text === '') return {}
        const value = await parseJson(request, text)
        if (typeof value !== 'object' || value === null) throw new MalformedBody()
        refuseUnstorable(value)
        return value
      }
    )
    app.addHook('onRequest', (request, _reply, done) => {
      // Fastify refuses a content type that cannot be parsed (415); Express takes it for one that is not JSON.
      if (request.headers['content-type'] !== undefined && request.mediaType === undefined) {
        delete request.headers['content-type']
      }
      done()
    })
    app.addContentTypeParser('*', (_request, payload, done) => {
      payload.resume()
      done(null)
    })
  },
  { name: 'platform-body' }
)

async function inflated(request: FastifyRequest, bytes: Buffer): Promise<Buffer> {
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding === 'identity') return bytes
  const inflater = inflaters.get(encoding)
  if (inflater === undefined) throw new UnsupportedBody('content encoding')
  try {
    return await inflater(bytes, { maxOutputLength: BODY_LIMIT_BYTES })
  } catch (error) {
    const tooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw tooLarge ? new BodyTooLarge() : new MalformedBody()
  }
}

function decode(bytes: Buffer, contentType: string | undefined): string {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8'
  if (!/^utf-(?:8|16|16le|16be)$/i.test(charset)) throw new UnsupportedBody('charset')
  return new TextDecoder(charset).decode(bytes)
}
