import { describe, expect, it } from 'vitest'
import { assign } from '../../../gateway/routing/assign.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { configOf, nativeRoutes, requestOf } from './fixture.ts'

const NOTES = '/api/notes/65f0c0ffee65f0c0ffee65f0'

function decide(policy: object, answers: object = {}, rest: object = {}, breakerOpen?: (id: string) => boolean) {
  const route = { id: 'notes.list', paths: ['/api/notes/:id'], methods: ['GET'], native: 'notes', ...policy }
  const table = compileRoutingTable(configOf([route], rest), nativeRoutes)
  const { target, reason, route: found } = assign(table, requestOf('GET', NOTES, answers), breakerOpen)
  return [target, reason, found.id]
}

const open = () => true
const isOpen = (id: string) => id === 'notes.list'
const side = (key: string, weight: number) => (bucketOf(key, 'clinicians') < weight * 100 ? 'native' : 'legacy')
const user = { userId: () => 'ann', address: () => '192.0.2.1' }

describe('each rule, with its reason', () => {
  it('kill switch of the route: upstream, whatever else is set', () => {
    const policy = { killSwitch: true, weight: 100, cohort: ['ann'] }
    expect(decide(policy, { ...user, override: () => 'native' })).toEqual(['legacy', 'kill-switch', 'notes.list'])
  })

  it('kill switch of the gateway: upstream, whatever else is set', () => {
    const rest = { killSwitch: true, defaults: { killSwitch: false } }
    expect(decide({ weight: 100, killSwitch: false }, {}, rest)).toEqual(['legacy', 'kill-switch', 'notes.list'])
  })

  it('kill switch of the defaults: holds for a route that does not say otherwise', () => {
    const rest = { defaults: { killSwitch: true } }
    expect(decide({ weight: 100 }, {}, rest)).toEqual(['legacy', 'kill-switch', 'notes.list'])
    expect(decide({ weight: 100, killSwitch: false }, {}, rest)).toEqual(['native', 'weight', 'notes.list'])
  })

  it('override to native: before cohort, breaker and weight', () => {
    expect(decide({ weight: 0 }, { override: () => 'native' }, {}, open)).toEqual(['native', 'override', 'notes.list'])
  })

  it('override to legacy: before cohort, breaker and weight', () => {
    const policy = { weight: 100, cohort: ['ann'] }
    expect(decide(policy, { override: () => 'legacy' })).toEqual(['legacy', 'override', 'notes.list'])
  })

  it('override to native where native serves nothing: upstream', () => {
    const answers = { override: () => 'native' }
    expect(decide({ native: undefined }, answers)).toEqual(['legacy', 'no-native', 'notes.list'])
    expect(decide({ native: 'users', weight: 100 }, answers)).toEqual(['legacy', 'no-native', 'notes.list'])
  })

  it('cohort: native at weight 0, before the breaker', () => {
    expect(decide({ cohort: ['bob', 'ann'] }, user, {}, open)).toEqual(['native', 'cohort', 'notes.list'])
  })

  it('cohort of the defaults, and a route that has its own instead', () => {
    const rest = { defaults: { cohort: ['ann'] } }
    expect(decide({}, user, rest)).toEqual(['native', 'cohort', 'notes.list'])
    expect(decide({ cohort: [] }, {}, rest)).toEqual(['legacy', 'weight', 'notes.list'])
  })

  it('breaker open: upstream, asked for by the route id', () => {
    expect(decide({ weight: 100 }, {}, {}, isOpen)).toEqual(['legacy', 'breaker', 'notes.list'])
    expect(decide({ weight: 100 }, {}, {}, id => !isOpen(id))).toEqual(['native', 'weight', 'notes.list'])
  })

  it('weight 0 and 100: nobody is asked who the caller is', () => {
    expect(decide({ weight: 0 })).toEqual(['legacy', 'weight', 'notes.list'])
    expect(decide({ weight: 100 })).toEqual(['native', 'weight', 'notes.list'])
  })

  it('weight between: the bucket of the user, else of the address, in the group', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const policy = { weight: 37.5, group: 'clinicians' }
      const byUser = decide(policy, { userId: () => `u${i}` })
      const byAddress = decide(policy, { userId: () => undefined, address: () => `192.0.2.${i}` })
      expect(byUser).toEqual([side(`user:u${i}`, 37.5), 'weight', 'notes.list'])
      expect(byAddress).toEqual([side(`addr:192.0.2.${i}`, 37.5), 'weight', 'notes.list'])
      seen.add(`${byUser[0]}`).add(`${byAddress[0]}`)
    }
    expect(seen).toEqual(new Set(['native', 'legacy']))
  })

  it('a user and an address of the same text are different callers', () => {
    const texts = Array.from({ length: 50 }, (_, i) => `192.0.2.${i}`)
    const differ = texts.filter(text => {
      const byUser = decide({ weight: 50 }, { userId: () => text })
      return byUser[0] !== decide({ weight: 50 }, { userId: () => undefined, address: () => text })[0]
    })
    expect(differ.length).toBeGreaterThan(0)
  })

  it('the caller is asked for once where cohort and weight both need it', () => {
    let asked = 0
    const userId = () => {
      asked++
      return 'carol'
    }
    decide({ weight: 50, cohort: ['ann'] }, { userId })
    expect(asked).toBe(1)
  })

  it('unmatched: the default upstream, under a route of its own, also with the kill switch on', () => {
    const config = configOf([{ id: 'a', paths: ['/a'], methods: ['GET'] }], {
      defaults: { upstream: 'spare', weight: 100, timeouts: { responseMs: 7 } },
      killSwitch: true
    })
    const { route, target, reason } = assign(compileRoutingTable(config, nativeRoutes), requestOf('GET', '/b'))
    expect([target, reason, route.id, route.weight, route.timeouts.response]).toEqual([
      'spare',
      'unmatched',
      'unmatched',
      0,
      7
    ])
  })

  it("a route's own upstream answers for it", () => {
    expect(decide({ upstream: 'spare' })).toEqual(['spare', 'weight', 'notes.list'])
    expect(decide({ upstream: 'spare', killSwitch: true })).toEqual(['spare', 'kill-switch', 'notes.list'])
  })
})

describe('policy', () => {
  it('is the defaults, but for what the route says itself', () => {
    const defaults = { weight: 5, timeouts: { responseMs: 100, idleMs: 200 }, fallback: false, servedByHeader: true }
    const config = configOf(
      [
        { id: 'a', paths: ['/a'], methods: ['GET'] },
        { id: 'b', paths: ['/b'], methods: ['GET'], group: 'g', weight: 6, timeouts: { idleMs: 0 }, fallback: true }
      ],
      { defaults }
    )
    const common = { killSwitch: false, cohort: new Set(), servedBy: true, upstream: 'legacy' }
    expect(compileRoutingTable(config, []).routes).toEqual([
      { ...common, id: 'a', group: 'a', weight: 5, fallback: false, timeouts: { response: 100, idle: 200 } },
      { ...common, id: 'b', group: 'g', weight: 6, fallback: true, timeouts: { response: 100, idle: 0 } }
    ])
  })
})
