import { connectDatabase } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'

/** The native services on a server of their own, without the gateway. */
const { env } = process
const database = await connectDatabase(String(env['MONGODB_URI']))
const terminology = {
  baseUrl: String(env['NHS_BASE_URL']),
  clientId: String(env['NHS_CLIENT_ID']),
  clientSecret: String(env['NHS_CLIENT_SECRET'])
}
await nativeServer({ database, jwtSecret: String(env['JWT_SECRET']), terminology }).listen({
  host: '127.0.0.1',
  port: Number(env['PORT'])
})
