import { parseArgs } from 'node:util'
import { startDatabase } from '../tests/support/database.ts'
import { measureBodies } from './bodies.ts'
import { CannotMeasure, machine, takeLoadCore } from './machine.ts'
import { measureNative } from './native.ts'
import { measureRelays } from './relay.ts'
import { createStarter, type Starter } from './servers.ts'
import { markdown, type Report } from './table.ts'

const ROUNDS = 12
const QUICK_ROUNDS = 3
const PARTS = ['relay', 'bodies', 'native'] as const
type Part = (typeof PARTS)[number]
const EXIT_RULE_NOT_MET = 1
const EXIT_NOT_MEASURED = 2
const EXIT_INTERRUPTED = 130

async function measure(started: AsyncDisposableStack, rounds: number, parts: readonly Part[]): Promise<Report> {
  await takeLoadCore()
  const database = await startDatabase()
  started.defer(() => database.stop())
  const { uri: mongodbUri, kind } = database

  /** What one table needs is gone before the next one begins. */
  const part = async <T>(name: Part, run: (starter: Starter) => Promise<T>): Promise<T | undefined> => {
    if (!parts.includes(name)) return undefined
    process.stderr.write(`${name} …\n`)
    const own = started.use(new AsyncDisposableStack())
    const result = await run(await createStarter(own))
    await own.disposeAsync()
    return result
  }
  return {
    machine: machine(),
    rounds,
    database: kind,
    relay: await part('relay', starter => measureRelays({ starter, mongodbUri, rounds })),
    bodies: await part('bodies', starter => measureBodies(starter, mongodbUri)),
    native: await part('native', starter => measureNative({ starter, mongodbUri, rounds, only: options.route }))
  }
}

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    json: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    route: { type: 'string', multiple: true }
  }
})
/** @throws CannotMeasure for a part that there is not */
function partsOf(asked: readonly string[] = PARTS): Part[] {
  const unknown = asked.filter(name => !PARTS.some(part => part === name))
  if (unknown.length > 0) throw new CannotMeasure(`--only ${unknown.join(' ')}: the parts are ${PARTS.join(', ')}`)
  return PARTS.filter(part => asked.includes(part))
}

/** @throws CannotMeasure for a number of rounds that is none */
function roundsOf(asked: string | undefined): number {
  if (asked === undefined) return options.quick ? QUICK_ROUNDS : ROUNDS
  if (/^[1-9]\d{0,2}$/.test(asked)) return Number(asked)
  throw new CannotMeasure(`--rounds ${asked}: expected a whole number from 1 to 999`)
}

const started = new AsyncDisposableStack()
const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<undefined>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt(undefined))

try {
  const report = await Promise.race([measure(started, roundsOf(options.rounds), partsOf(options.only)), interrupted])
  if (report === undefined) {
    process.exitCode = EXIT_INTERRUPTED
  } else {
    process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : markdown(report))
    const broken = [report.relay, report.bodies, report.native]
      .flatMap(part => part?.rules ?? [])
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
