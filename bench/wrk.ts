import { fileURLToPath } from 'node:url'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { startProcess } from '../tests/support/process.ts'
import { CannotMeasure } from './machine.ts'

const CONNECTIONS = 32
/** Seconds. Slow is not wrong: a stall of the whole machine shall show as a latency. */
const TIMEOUT = 10
const REPORT = luaScript('report.lua')
const REQUESTS = luaScript('requests.lua')

/** The line that `lua/report.lua` prints. */
const Report = Type.Object({
  requests: Type.Integer(),
  microseconds: Type.Integer({ minimum: 1 }),
  failures: Type.Integer(),
  p50: Type.Number(),
  p99: Type.Number()
})

export interface Load {
  /** Of the one request, or where the requests of the file go. */
  readonly path: string
  /** Of requests, as `lua/requests.lua` reads them. */
  readonly file?: string
}

export interface Sample {
  readonly requests: number
  /** A second. */
  readonly rate: number
  /** Milliseconds. */
  readonly p50: number
  /** Milliseconds. */
  readonly p99: number
}

/**
 * One run of wrk: one thread, 32 connections.
 *
 * @param seconds whole ones, as wrk wants them
 * @throws CannotMeasure when any request failed: a benchmark of errors says nothing
 */
export async function wrk(url: string, { path, file }: Load, seconds: number): Promise<Sample> {
  const running = await startProcess({
    name: 'wrk',
    command: 'wrk',
    args: [
      '--threads=1',
      `--connections=${CONNECTIONS}`,
      `--duration=${seconds}s`,
      `--timeout=${TIMEOUT}s`,
      ...(file === undefined ? ['--script', REPORT, url + path] : ['--script', REQUESTS, url + path, '--', file])
    ]
  })
  const { code } = await running.exited
  const line = running.lines('stdout').findLast(text => text.startsWith('{'))
  if (code !== 0 || line === undefined) throw new CannotMeasure(`wrk failed:\n${running.lines().join('\n')}`)
  const { requests, microseconds, failures, p50, p99 } = Value.Parse(Report, JSON.parse(line))
  if (failures > 0) throw new CannotMeasure(`${failures} of ${requests + failures} requests to ${url}${path} failed`)
  if (requests === 0) throw new CannotMeasure(`${url}${path} answered nothing in ${seconds} s`)
  return { requests, rate: (requests * 1e6) / microseconds, p50: p50 / 1000, p99: p99 / 1000 }
}

function luaScript(name: string): string {
  return fileURLToPath(new URL(`lua/${name}`, import.meta.url))
}
