import { connectDatabase } from '../../../services/index.ts'
import { nativeServer } from '../../../services/native-server.ts'

/** The native services as a process of their own, which prints its origin. */
const { env } = process
const database = await connectDatabase(String(env['MONGODB_URI']))
const app = nativeServer({
  database,
  jwtSecret: String(env['JWT_SECRET']),
  openai: { baseUrl: String(env['OPENAI_BASE_URL']), apiKey: 'a key' }
})
await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`native listening on ${app.listeningOrigin}\n`)
