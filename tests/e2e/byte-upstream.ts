import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { byteStream } from './bytes.ts'

/** Takes any number of bytes up, and gives any number of bytes down: `GET /bytes/<count>`, `POST /bytes`. */
const server = createServer(async (request, response) => {
  try {
    if (request.method === 'GET') {
      const count = Number(request.url?.split('/').at(-1))
      response.setHeader('content-length', count)
      await pipeline(byteStream(count), response)
      return
    }
    let checksum = 0
    let count = 0
    for await (const chunk of request) {
      if (!Buffer.isBuffer(chunk)) continue
      checksum = crc32(chunk, checksum)
      count += chunk.length
    }
    response.end(JSON.stringify({ count, checksum }))
  } catch {
    response.destroy()
  }
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => process.exit(0))
