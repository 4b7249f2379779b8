import { createServer } from 'node:http'
import { pipeline } from 'node:stream'
import { crc32 } from 'node:zlib'
import { byteStream } from './bytes.ts'

/** Takes any number of bytes up, and gives any number of bytes down: `POST /bytes`, `GET /bytes/<count>`. */
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const count = Number(request.url?.split('/').at(-1))
    response.setHeader('content-length', count)
    // Whoever asked sees that it broke.
    pipeline(byteStream(count), response, () => {})
    return
  }
  let checksum = 0
  let count = 0
  request.on('data', (chunk: Buffer) => {
    checksum = crc32(chunk, checksum)
    count += chunk.length
  })
  request.once('end', () => response.end(JSON.stringify({ count, checksum })))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => process.exit(0))
