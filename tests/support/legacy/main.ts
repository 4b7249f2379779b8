import { once } from 'node:events'
import { createServer } from 'node:http'
import mongoose from 'mongoose'
import { legacyApp } from './app.ts'
import { User } from './models.ts'
import { transcriptionStream } from './transcription-stream.ts'

const { env } = process
const host = env['HOST'] ?? '127.0.0.1'
const mongodbUri = env['MONGODB_URI']
const jwtSecret = env['JWT_SECRET']
if (!mongodbUri || !jwtSecret) {
  process.stderr.write('legacy: set MONGODB_URI and JWT_SECRET\n')
  process.exit(2)
}
const openai = { baseUrl: env['OPENAI_BASE_URL'], apiKey: env['OPENAI_API_KEY'] }
const terminology = {
  baseUrl: env['NHS_BASE_URL'],
  clientId: env['NHS_CLIENT_ID'],
  clientSecret: env['NHS_CLIENT_SECRET']
}

await mongoose.connect(mongodbUri)
// Registrations count on the unique index.
await User.init()

const server = createServer(legacyApp({ jwtSecret, openai, terminology }))
transcriptionStream(server, openai)
server.listen(Number(env['PORT'] ?? 3000), host)
await once(server, 'listening')
const address = server.address()
const port = typeof address === 'object' ? address?.port : undefined
process.stdout.write(`legacy listening on http://${host}:${port}\n`)
