import { connectDatabase } from '../../services/index.ts'
import { nativeServer } from '../../services/native-server.ts'

/** The native services on a server of their own, without the gateway. */
const { env } = process
const database = await connectDatabase(String(env['MONGODB_URI']))
await nativeServer({ database, jwtSecret: String(env['JWT_SECRET']) }).listen({
  host: '127.0.0.1',
  port: Number(env['PORT'])
})
