import { setTimeout as delay } from 'node:timers/promises'
import { processorMicroseconds, residentBytes, type Server } from './servers.ts'
import { median, quantile } from './statistics.ts'
import { type Load, type Sample, wrk } from './wrk.ts'

const WARM_UP_SECONDS = 2
/** Of a turn. */
export const MIN_TURN_SECONDS = 2
export const MAX_TURN_SECONDS = 6
/** A turn is as long as this many answers of the slowest: its rate is that of whole requests. */
const ANSWERS_A_TURN = 5

/** One that is compared with others, in one or several processes: each process that starts has its own luck. */
export interface Contender {
  readonly name: string
  readonly instances: readonly Server[]
}

/** Medians over the rounds. */
export interface Result {
  readonly name: string
  /** Requests a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  /** Milliseconds. */
  readonly p99: number
  /** Processor time a request, in microseconds: what neighbours on the machine change least. */
  readonly cpu: number
  /** After the last round, in bytes. */
  readonly rss: number
  /** Of the rate to the baseline's in the same round. */
  readonly ratio: Spread
  /** Of the 99th percentile to the baseline's in the same round. */
  readonly p99Ratio: Spread
}

interface Turn extends Sample {
  readonly cpu: number
}

export interface Spread {
  readonly median: number
  readonly lowerQuartile: number
  readonly upperQuartile: number
}

/**
 * Puts every contender under the same load, in many short turns, because a machine with neighbours changes its speed
 * within seconds: two can only be compared within one round. Each round begins with another contender, and takes the
 * next instance of each.
 *
 * @param baseline the name of the contender that the others are compared with
 */
export async function race(
  contenders: readonly Contender[],
  { baseline, load, rounds }: { readonly baseline: string; readonly load: Load; readonly rounds: number }
): Promise<Result[]> {
  const warm: Sample[] = []
  for (const { url } of contenders.flatMap(({ instances }) => instances)) {
    const sample = await wrk(url, load, WARM_UP_SECONDS)
    warm.push(sample)
    await delay(sample.p99)
  }
  const seconds = turnSeconds(warm)
  const samples = new Map<string, Turn[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    const first = round % contenders.length
    for (const { name, instances } of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      const instance = instances[round % instances.length]
      if (instance !== undefined) samples.get(name)?.push(await turnOf(instance, load, seconds))
    }
  }

  const base = samples.get(baseline) ?? []
  return Promise.all(
    contenders.map(async ({ name, instances }) => {
      const own = samples.get(name) ?? []
      return {
        name,
        rate: median(own.map(({ rate }) => rate)),
        p50: median(own.map(({ p50 }) => p50)),
        p99: median(own.map(({ p99 }) => p99)),
        cpu: median(own.map(({ cpu }) => cpu)),
        rss: median(await Promise.all(instances.map(({ pid }) => residentBytes(pid)))),
        ratio: pairedRatio(own, base, ({ rate }) => rate),
        p99Ratio: pairedRatio(own, base, ({ p99 }) => p99)
      }
    })
  )
}

async function turnOf({ url, pid }: Server, load: Load, seconds: number): Promise<Turn> {
  const before = await processorMicroseconds(pid)
  const sample = await wrk(url, load, seconds)
  const cpu = ((await processorMicroseconds(pid)) - before) / sample.requests
  await delay(sample.p99)
  return { ...sample, cpu }
}

/** Whole ones. */
function turnSeconds(warm: readonly Sample[]): number {
  const slowest = Math.max(...warm.map(({ p50 }) => p50)) / 1000
  return Math.min(Math.max(Math.ceil(slowest * ANSWERS_A_TURN), MIN_TURN_SECONDS), MAX_TURN_SECONDS)
}

function pairedRatio(own: readonly Sample[], base: readonly Sample[], of: (sample: Sample) => number): Spread {
  const ratios = own.flatMap((sample, round) => {
    const other = base[round]
    return other === undefined ? [] : [of(sample) / of(other)]
  })
  return { median: median(ratios), lowerQuartile: quantile(ratios, 0.25), upperQuartile: quantile(ratios, 0.75) }
}

/** The result of that name. */
export function resultOf(results: readonly Result[], name: string): Result {
  const found = results.find(result => result.name === name)
  if (found === undefined) throw new Error(`nothing was measured under the name ${name}`)
  return found
}
