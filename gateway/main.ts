import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { ConfigInvalidError } from './config/problem.ts'
import { type Environment, EnvironmentError, readEnvironment } from './environment.ts'
import { createGateway } from './gateway.ts'
import { DirectoryInUseError } from './storage/lock.ts'
import { logDestination } from './telemetry/log-destination.ts'

const EXIT_MISUSE = 2
/** On top of the gateway's own limit, before the process is ended regardless. */
const LAST_RESORT_MS = 10_000

async function main(environment: Environment): Promise<void> {
  const destination = logDestination()
  process.on('exit', () => destination.flushSync())
  const logger = pino({ level: environment.LOG_LEVEL, base: null }, destination)
  const gateway = await createGateway({
    environment,
    variables: process.env,
    version: packageJson.version,
    logger,
    announce: line => void process.stderr.write(`scribe-gateway: ${line}\n`)
  })
  closeWithGrace(
    {
      delay: environment.SHUTDOWN_DELAY_MS + environment.SHUTDOWN_TIMEOUT_MS + LAST_RESORT_MS,
      logger,
      // It asks for a reload of the configuration.
      skip: ['SIGHUP']
    },
    async ({ err, signal }) => {
      if (err) logger.fatal({ err: { type: err.name, stack: err.stack } }, 'ending after an unexpected error')
      else logger.info({ signal }, 'stopping')
      await gateway.close()
      logger.info('stopped')
    }
  )
  process.on('SIGHUP', () => void gateway.store.reload())
  const adminUrl = await gateway.admin.listen({ host: environment.ADMIN_HOST, port: environment.ADMIN_PORT })
  const url = await gateway.app.listen({ host: environment.HOST, port: environment.PORT })
  logger.info({ url, adminUrl, revision: gateway.store.current.number, version: packageJson.version }, 'listening')
}

try {
  await main(readEnvironment(process.env))
} catch (error) {
  const expected = [EnvironmentError, ConfigInvalidError, DirectoryInUseError].some(kind => error instanceof kind)
  process.stderr.write(`scribe-gateway: ${expected && error instanceof Error ? error.message : String(error)}\n`)
  process.exit(expected ? EXIT_MISUSE : 1)
}
