import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { CannotMeasure } from './machine.ts'
import type { Rule } from './rule.ts'
import { residentBytes, type Starter } from './servers.ts'
import { zeros } from './zeros.ts'

const MEBIBYTE = 1024 ** 2
const GIBIBYTE = 1024 ** 3
const WARM_UP_BYTES = 64 * MEBIBYTE
const LIMIT_BYTES = 64 * MEBIBYTE
const SAMPLE_MS = 20

export interface MeasuredBodies {
  /** Bytes of resident memory above what it was after the warm-up, at most. */
  readonly growth: { readonly up: number; readonly down: number }
  readonly rules: readonly Rule[]
}

/** 1 GiB each way through the gateway, watching its memory. */
export async function measureBodies(starter: Starter, mongodbUri: string): Promise<MeasuredBodies> {
  const script = fileURLToPath(new URL('targets/bodies.ts', import.meta.url))
  const upstream = await starter.script({ name: 'an upstream of big bodies', script, core: 'load' })
  const { url, pid } = await starter.gateway({
    name: 'gateway for big bodies',
    legacyUrl: upstream.url,
    mongodbUri,
    jwtSecret: 'of the benchmark'
  })
  const growth = {
    up: await growthOf(pid, bytes => upload(url, bytes)),
    down: await growthOf(pid, bytes => download(url, bytes))
  }
  const text = `${mebibytes(growth.up)} MiB for 1 GiB up, ${mebibytes(growth.down)} MiB for 1 GiB down`
  return {
    growth,
    rules: [
      {
        text: `Its memory grows by less than ${mebibytes(LIMIT_BYTES)} MiB with big bodies: ${text}.`,
        isMet: Math.max(growth.up, growth.down) < LIMIT_BYTES
      }
    ]
  }
}

async function growthOf(pid: number, transfer: (bytes: number) => Promise<number>): Promise<number> {
  await transfer(WARM_UP_BYTES)
  const before = await residentBytes(pid)
  let peak = before
  const finished = new AbortController()
  const watching = (async () => {
    while (!finished.signal.aborted) {
      peak = Math.max(peak, await residentBytes(pid))
      await delay(SAMPLE_MS)
    }
  })()
  const moved = await transfer(GIBIBYTE).finally(() => finished.abort())
  await watching
  if (moved !== GIBIBYTE) throw new CannotMeasure(`${moved} bytes arrived of ${GIBIBYTE}`)
  return peak - before
}

async function upload(url: string, length: number): Promise<number> {
  const { body } = await request(`${url}/api/ai/analyze`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(length) },
    body: zeros(length)
  })
  return Number(await body.text())
}

async function download(url: string, length: number): Promise<number> {
  const { body } = await request(`${url}/api/transcript/${length}`)
  let received = 0
  for await (const chunk of body) received += Buffer.byteLength(chunk)
  return received
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(0)
}
