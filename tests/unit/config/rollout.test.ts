import { describe, expect, it } from 'vitest'
import { parseRoutingConfig } from '../../../gateway/config/parse.ts'

const nativeModules = new Set(['notes'])

function problemsOf(routes: readonly object[], defaults: object = {}): string[][] {
  const text = JSON.stringify({ version: 1, targets: { legacy: { url: 'http://127.0.0.1:1' } }, defaults, routes })
  return parseRoutingConfig(text, nativeModules).problems.map(({ path, found, expected }) => [path, found, expected])
}

const route = (id: string, rest: object) => ({ id, paths: [`/${id}`], methods: ['GET'], native: 'notes', ...rest })

describe('the plan of a rollout', () => {
  it('may be said for all routes, and in part for one', () => {
    const defaults = { rollout: { steps: [1, { weight: 50, holdMs: 1000 }, 100], advance: 'automatic' } }
    expect(problemsOf([route('a', { rollout: { guardrails: { latency: { maxRatio: 3 } } } })], defaults)).toEqual([])
  })

  it.each([
    ['steps that do not ascend', { steps: [25, 10] }, '/steps/1', '10', 'a weight above 25, that of the step before'],
    ['a step beyond 100', { steps: [101] }, '/steps/0', '101', expect.stringContaining('at most 100')],
    ['an unknown advance', { advance: 'auto' }, '/advance', '"auto"', '"manual" or "automatic"'],
    ['an unknown key', { hold: 1 }, '/hold', '"hold"', expect.stringContaining('holdMs')],
    [
      'a time zone that is none',
      { noAdvance: [{ days: ['fri'], from: '12:00', to: '24:00', timeZone: 'Mars/Base' }] },
      '/noAdvance/0/timeZone',
      '"Mars/Base"',
      'an IANA time zone such as "Europe/London"'
    ]
  ])('is refused with %s, in the defaults and in a route', (_, rollout, path, found, expected) => {
    expect(problemsOf([], { rollout })).toEqual([[`/defaults/rollout${path}`, found, expected]])
    expect(problemsOf([route('a', { rollout })])).toEqual([[`/routes/0/rollout${path}`, found, expected]])
  })

  it('is said once for the routes of a group', () => {
    const plan = { group: 'g', rollout: { holdMs: 1 } }
    expect(problemsOf([route('a', plan), route('b', { group: 'g' })])).toEqual([])
    expect(problemsOf([route('a', plan), route('b', plan)])).toEqual([
      ['/routes/1/rollout', '"rollout"', 'one plan for the group "g"; line 1 has it already']
    ])
  })

  it('is nothing for a route that native alone serves', () => {
    const only = { id: 'v1', paths: ['/v1/*'], methods: ['GET'], nativeOnly: true }
    expect(problemsOf([{ ...only, rollout: {}, breaker: {} }]).map(([path]) => path)).toEqual([
      '/routes/0/rollout',
      '/routes/0/breaker'
    ])
  })
})

describe('the breaker', () => {
  it('may be set for all routes, and in part for one', () => {
    expect(problemsOf([route('a', { breaker: { enabled: false } })], { breaker: { trials: 1 } })).toEqual([])
  })

  it.each([
    ['failureRatio', 0, 'a number above 0 and at most 1'],
    ['consecutiveFailures', 0, 'a whole number from 1 to 10000'],
    ['cooldownMs', 1.5, 'a whole number from 1 to 86400000'],
    ['enabled', 'no', 'true or false']
  ])('is refused with %s %j', (key, value, expected) => {
    const found = JSON.stringify(value)
    expect(problemsOf([], { breaker: { [key]: value } })).toEqual([[`/defaults/breaker/${key}`, found, expected]])
    expect(problemsOf([route('a', { breaker: { [key]: value } })])).toEqual([
      [`/routes/0/breaker/${key}`, found, expected]
    ])
  })
})
