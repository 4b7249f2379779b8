import { expect, test } from 'vitest'
import { DayCount } from '../../../gateway/telemetry/day-counts.ts'
import { createHourCallers } from '../../../gateway/telemetry/hour-callers.ts'
import { createTraffic } from '../../../gateway/telemetry/traffic.ts'

/*
 * A replica that starts reads the batches of the last hour, those of one replica after those of another: what comes later
 * may have happened earlier.
 */

const NOW = Date.UTC(2026, 0, 5, 12)
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const ROUTE = 'notes.list'
const ENDED = { routeId: ROUTE, side: 'native', reason: 'weight', requests: 1 } as const

test('requests of earlier in the hour count, and those of the hour before take no later one’s place', () => {
  const traffic = createTraffic()
  traffic.count(NOW, ENDED)
  traffic.count(NOW - 30 * MINUTE_MS, ENDED)
  // A ring of 361 slots of 10 s: the same place.
  traffic.count(NOW - 3_610_000, { ...ENDED, requests: 100 })
  expect(traffic.sum(ROUTE, HOUR_MS, NOW).native).toBe(2)
})

test('callers of earlier in the hour count, and those of the hour before take no later one’s place', () => {
  const callers = createHourCallers()
  callers.see(NOW, ROUTE, 1)
  callers.see(NOW - 30 * MINUTE_MS, ROUTE, 2)
  // A ring of 13 slots of 5 minutes: the same place.
  callers.see(NOW - 65 * MINUTE_MS, ROUTE, 3)
  expect(callers.seen(ROUTE, NOW)).toEqual([1, 2])
})

test('requests of earlier in the day count, and those of the day before take no later one’s place', () => {
  const count = new DayCount()
  count.add(NOW, 2)
  count.add(NOW - 12 * HOUR_MS, 3)
  count.add(NOW - DAY_MS, 100)
  expect(count.sum(NOW)).toBe(5)
})
