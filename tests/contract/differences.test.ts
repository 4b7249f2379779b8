import { Value } from '@sinclair/typebox/value'
import { expect, test } from 'vitest'
import routing from '../../routing.config.json' with { type: 'json' }
import { IntendedDifference, intendedDifferences, RULES } from './intended-differences.ts'
import { rows } from './rows.ts'

const routes: ReadonlySet<string> = new Set(routing.routes.map(({ id }) => id))

test('every id is of one difference', () => {
  const ids = intendedDifferences.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('every rule makes a difference', () => {
  expect(new Set(intendedDifferences.map(({ rule }) => rule))).toEqual(new Set(Object.keys(RULES)))
})

test('every row of the contract is a route', () => {
  const native = routing.routes.filter(route => 'native' in route).map(({ id }) => id)
  expect(new Set([...rows.map(({ route }) => route), 'transcription.stream'])).toEqual(new Set(native))
})

test.for(intendedDifferences)('$id is well-formed, of a route, and says what differs', difference => {
  expect([...Value.Errors(IntendedDifference, difference)]).toEqual([])
  const { route, legacy, native, fields } = difference
  expect(routes).toContain(route)
  expect(native).not.toEqual(legacy)
  const isOfOneStatus = legacy.kind === 'answer' && native.kind === 'answer' && legacy.status === native.status
  expect(fields !== undefined).toBe(isOfOneStatus)
})
