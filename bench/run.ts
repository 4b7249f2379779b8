import { parseArgs } from 'node:util'
import { startDatabase } from '../tests/support/database.ts'
import { measureBodies } from './bodies.ts'
import { machine, takeLoadCore } from './machine.ts'
import { measureNative } from './native.ts'
import { measureRelays } from './relay.ts'
import { createStarter, type Starter } from './servers.ts'
import { markdown, type Report } from './table.ts'

const ROUNDS = 12
const QUICK_ROUNDS = 3
const EXIT_RULE_NOT_MET = 1
const EXIT_NOT_MEASURED = 2
const EXIT_INTERRUPTED = 130

function say(text: string): void {
  process.stderr.write(`${text} …\n`)
}

async function measure(started: AsyncDisposableStack, rounds: number): Promise<Report> {
  await takeLoadCore()
  const database = await startDatabase()
  started.defer(() => database.stop())
  const { uri: mongodbUri, kind } = database

  /** What one table needs is gone before the next one begins. */
  const alone = async <T>(part: (starter: Starter, own: AsyncDisposableStack) => Promise<T>): Promise<T> => {
    const own = started.use(new AsyncDisposableStack())
    const result = await part(await createStarter(own), own)
    await own.disposeAsync()
    return result
  }

  say('relay')
  const relay = await alone(starter => measureRelays({ starter, mongodbUri, rounds }))
  say('big bodies')
  const bodies = await alone(starter => measureBodies(starter, mongodbUri))
  say('native')
  const native = await alone((starter, own) => measureNative({ starter, mongodbUri, rounds, started: own }))
  return { machine: machine(), rounds, database: kind, relay, bodies, native }
}

const { values: options } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } })
const started = new AsyncDisposableStack()
const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<undefined>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt(undefined))

try {
  const report = await Promise.race([measure(started, options.quick ? QUICK_ROUNDS : ROUNDS), interrupted])
  if (report === undefined) {
    process.exitCode = EXIT_INTERRUPTED
  } else {
    process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : markdown(report))
    const broken = [report.relay, report.bodies, report.native]
      .flatMap(({ rules }) => rules)
      .filter(rule => !rule.isMet)
    for (const { text } of broken) process.stderr.write(`Not met: ${text}\n`)
    if (broken.length > 0) process.exitCode = EXIT_RULE_NOT_MET
  }
} catch (error) {
  process.exitCode = EXIT_NOT_MEASURED
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
} finally {
  await started.disposeAsync()
  // After an interruption the measurement is still waiting for something.
  process.exit()
}
