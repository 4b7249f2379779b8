import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { zeros } from '../zeros.ts'

/** An upstream that answers GET /…/<n> with n bytes, and any other method with the number of bytes it was sent. */
const server = createServer((request, response) => {
  if (request.method === 'GET') send(Number(request.url?.split('/').at(-1)), response)
  else count(request, response)
})
server.listen(Number(process.env['PORT']), '127.0.0.1')

function send(length: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': length })
  // A client that leaves is its own affair.
  pipeline(zeros(length), response, () => {})
}

function count(request: IncomingMessage, response: ServerResponse): void {
  let received = 0
  request.on('data', (chunk: Buffer) => (received += chunk.length))
  request.on('end', () => response.end(String(received)))
}
