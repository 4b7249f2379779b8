import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { call, gatewayForTest, upstreamForTest } from '../gateway/support.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scribe-lock-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('a second gateway on one state directory does not start, and the first goes on', async () => {
  const { url: legacyUrl } = await upstreamForTest()
  const env = { STATE_DIR: directory }
  const first = await gatewayForTest({ legacyUrl, env })
  await expect(gatewayForTest({ legacyUrl, env })).rejects.toThrow(
    `${directory} is in use by another gateway; each needs a STATE_DIR of its own`
  )
  expect((await call(first.adminUrl, '/livez')).status).toBe(200)
})

test.for(['stop', 'kill'] as const)('the directory is free again after %s', async end => {
  const { url: legacyUrl } = await upstreamForTest()
  const env = { STATE_DIR: directory }
  const first = await gatewayForTest({ legacyUrl, env })
  await first[end]()
  const second = await gatewayForTest({ legacyUrl, env })
  expect((await call(second.adminUrl, '/livez')).status).toBe(200)
})
