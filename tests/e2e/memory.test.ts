import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { startProcess } from '../support/process.ts'
import { byteStream, checksumOf } from './bytes.ts'
import { JWT_SECRET } from './load.ts'

const MIB = 1024 * 1024
const WARM_UP_BYTES = 64 * MIB
const BYTES = 1024 * MIB
const LIMIT_BYTES = 64 * MIB
const SAMPLE_MS = 100

/** The memory of a process, sampled until it is stopped. */
function watchMemory(pid: number) {
  const samples: number[] = []
  const sample = () => {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    samples.push(Number(kilobytes) * 1024)
  }
  sample()
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    samples,
    stop() {
      clearInterval(timer)
      sample()
      return { count: samples.length, peak: Math.max(...samples) }
    }
  }
}

test('1 GiB up and 1 GiB down leave the memory of the gateway within 64 MiB', { timeout: 60_000 }, async () => {
  const upstream = await startProcess({
    name: 'upstream',
    args: [fileURLToPath(new URL('byte-upstream.ts', import.meta.url))]
  })
  onTestFinished(async () => void (await upstream.stop()))
  const legacyUrl = await upstream.waitForLine(line => /^listening on (\S+)$/.exec(line)?.[1])
  const gateway = await startGateway({ legacyUrl, mongodbUri: 'mongodb://127.0.0.1:9/none', jwtSecret: JWT_SECRET })
  onTestFinished(async () => void (await gateway.stop()))
  const agent = new Agent({ bodyTimeout: 0, headersTimeout: 0 })
  onTestFinished(() => agent.close())

  const up = async (count: number) => {
    const { body } = await request(`${gateway.url}/bytes`, {
      dispatcher: agent,
      method: 'POST',
      body: byteStream(count)
    })
    return body.json()
  }
  const down = async (count: number) => {
    const { body } = await request(`${gateway.url}/bytes/${count}`, { dispatcher: agent })
    let checksum = 0
    let received = 0
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) continue
      checksum = crc32(chunk, checksum)
      received += chunk.length
    }
    return { count: received, checksum }
  }

  await up(WARM_UP_BYTES)
  await down(WARM_UP_BYTES)
  const before = watchMemory(gateway.pid).stop().peak
  const expected = { count: BYTES, checksum: checksumOf(BYTES) }
  const growth: Record<string, number> = {}
  for (const [name, transfer] of Object.entries({ up, down })) {
    const memory = watchMemory(gateway.pid)
    expect(await transfer(BYTES)).toEqual(expected)
    const { count, peak } = memory.stop()
    // Too few samples would see nothing.
    expect(count).toBeGreaterThan(5)
    growth[name] = peak - before
  }
  const inMib = Object.entries(growth).map(([name, bytes]) => `${name} +${(bytes / MIB).toFixed(1)} MiB`)
  console.info(`memory of the gateway: ${(before / MIB).toFixed(1)} MiB after the warm-up, at most ${inMib.join(', ')}`)
  for (const bytes of Object.values(growth)) expect(bytes).toBeLessThan(LIMIT_BYTES)
})
