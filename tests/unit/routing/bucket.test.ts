import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assign } from '../../../gateway/routing/assign.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { configOf, nativeRoutes, requestOf } from './fixture.ts'

const SEED = 20_261_123
const KEYS = 100_000
const objectId = fc.stringMatching(/^[0-9a-f]{24}$/)
const key = fc.oneof(objectId, fc.uuid(), fc.ipV4(), fc.ipV6(), fc.string())
const weight = fc.integer({ min: 0, max: 10_000 }).map(bucket => bucket / 100)

function sideOf(weightOfRoute: number, group = 'notes') {
  const route = { id: 'r', paths: ['/api/notes/:id'], methods: ['GET'], native: 'notes', group, weight: weightOfRoute }
  const table = compileRoutingTable(configOf([route]), nativeRoutes)
  return (user: string) => assign(table, requestOf('GET', '/api/notes/1', { userId: () => user })).target
}

describe('the share of callers', () => {
  const random = fc.sample(fc.uuid(), { numRuns: KEYS, seed: SEED })
  const sequential = Array.from({ length: KEYS }, (_, i) => `65f0c0ffee${i.toString(16).padStart(14, '0')}`)

  it.each([0, 0.01, 10, 25, 50, 75, 100])('is within three standard deviations of weight %d', share => {
    const side = sideOf(share)
    const expected = (KEYS * share) / 100
    const deviation = Math.sqrt(KEYS * (share / 100) * (1 - share / 100))
    for (const keys of [random, sequential]) {
      const native = keys.filter(each => side(each) === 'native').length
      expect(Math.abs(native - expected)).toBeLessThanOrEqual(3 * deviation)
    }
  })

  it('is even over the buckets, for sequential ids too', () => {
    const counts = Array.from({ length: 100 }, () => 0)
    for (const each of sequential) {
      const hundredth = Math.floor(bucketOf(`user:${each}`, 'notes') / 100)
      counts[hundredth] = (counts[hundredth] ?? 0) + 1
    }
    const chiSquared = counts.reduce((sum, count) => sum + (count - KEYS / 100) ** 2 / (KEYS / 100), 0)
    // 99 degrees of freedom: 148.2 is exceeded by chance once in a thousand.
    expect(chiSquared).toBeLessThan(148.2)
  })
})

describe('a caller', () => {
  it('never goes back when a weight is raised', () => {
    const property = fc.property(key, weight, weight, (user, one, other) => {
      const before = sideOf(Math.min(one, other))(user)
      const after = sideOf(Math.max(one, other))(user)
      expect([before, after]).not.toEqual(['native', 'legacy'])
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
  })

  it('is in the same bucket in another process', async () => {
    const keys = fc.sample(key, { numRuns: 200, seed: SEED })
    const script = fileURLToPath(new URL('print-buckets.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(keys)])
    expect(JSON.parse(stdout)).toEqual(keys.map(each => bucketOf(each, 'notes')))
  })

  it('keeps its bucket for ever: a change of the function moves callers between backends', () => {
    expect(bucketOf('user:65f0c0ffee65f0c0ffee65f0', 'notes')).toBe(923)
    expect(bucketOf('addr:192.0.2.1', 'users')).toBe(9197)
    expect(bucketOf('', '')).toBe(4203)
  })

  it('is on the same side for all routes of a group', () => {
    const routes = ['GET', 'PATCH'].map(method => ({
      id: method,
      paths: ['/api/notes/:id'],
      methods: [method],
      native: 'notes',
      group: 'notes',
      weight: 40
    }))
    const table = compileRoutingTable(configOf(routes), nativeRoutes)
    const property = fc.property(key, user => {
      const [get, patch] = ['GET', 'PATCH'].map(
        method => assign(table, requestOf(method, '/api/notes/1', { userId: () => user })).target
      )
      expect(get).toBe(patch)
    })
    fc.assert(property, { seed: SEED, numRuns: 500 })
  })

  it('is on independent sides in different groups', () => {
    const inNotes = sideOf(50, 'notes')
    const inUsers = sideOf(50, 'users')
    const keys = fc.sample(fc.uuid(), { numRuns: 10_000, seed: SEED })
    const both = keys.filter(each => inNotes(each) === 'native' && inUsers(each) === 'native').length
    // A quarter of 10,000, three standard deviations (43.3) either way.
    expect(Math.abs(both - 2500)).toBeLessThanOrEqual(130)
  })

  it('has an unambiguous separator between group and key', () => {
    const pairs = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc', ''],
      ['', 'abc']
    ] as const
    expect(new Set(pairs.map(([group, each]) => bucketOf(each, group))).size).toBe(4)
  })
})
