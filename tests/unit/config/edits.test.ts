import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { diffTexts, routesOf } from '../../../gateway/config/diff.ts'
import { EditError, restore, setKillSwitch, setRouteKillSwitch, setWeight } from '../../../gateway/config/edits.ts'

const shipped = await readFile(new URL('../../../routing.config.json', import.meta.url), 'utf8')

/** The lines that were not there before. */
function changedLines(before: string, after: string): string[] {
  const old = before.split('\n')
  return after.split('\n').filter(line => !old.includes(line))
}

const route = (id: string, rest: object = {}) => ({ id, paths: [`/${id}`], cohort: ['u1'], ...rest })
const text = (...routes: object[]) => JSON.stringify({ version: 1, routes })

describe('an edit', () => {
  it('of the shipped configuration changes the lines that it is about', () => {
    const edited = setWeight(['notes.list', 'users.register'], 12.5)(shipped)
    expect(diffTexts(shipped, edited)).toEqual([
      { path: '/routes/users.register/weight', from: 0, to: 12.5 },
      { path: '/routes/notes.list/weight', from: 0, to: 12.5 }
    ])
    expect(edited.split('\n')).toHaveLength(shipped.split('\n').length)
    expect(new Set(changedLines(shipped, edited))).toEqual(new Set(['      "weight": 12.5']))
    expect(setWeight(['notes.list', 'users.register'], 0)(edited)).toBe(shipped)
  })

  it('adds a key as the other keys stand there', () => {
    const edited = setRouteKillSwitch(['notes.list'], true)(shipped)
    expect(diffTexts(shipped, edited)).toEqual([{ path: '/routes/notes.list/killSwitch', to: true }])
    expect(changedLines(shipped, edited)).toContain('      "killSwitch": true')
    expect(edited.split('\n')).toHaveLength(shipped.split('\n').length + 1)

    const tabs = '{\r\n\t"routes": [\r\n\t\t{ "id": "a", "paths": ["/a"] }\r\n\t]\r\n}\r\n'
    expect(setWeight(['a'], 5)(tabs)).toBe(tabs.replace('["/a"] }', '["/a"], "weight": 5 }'))
    expect(setKillSwitch(true)(tabs)).toBe(tabs.replace(']\r\n}', '],\r\n\t"killSwitch": true\r\n}'))
  })

  it('leaves alone what already is as wanted, said or not', () => {
    const killed = '{ "defaults": { "killSwitch": true }, "routes": [{ "id": "a" }] }'
    expect(setRouteKillSwitch(['a'], true)(killed)).toBe(killed)
    expect(setWeight(['a'], 0)(killed)).toBe(killed)
    expect(setKillSwitch(false)(killed)).toBe(killed)
    expect(setRouteKillSwitch(['a'], false)(killed)).toBe(killed.replace('"a"', '"a", "killSwitch": false'))
  })

  it('of a route that is not there says what was meant', () => {
    expect(() => setWeight(['notes.lst'], 5)(shipped)).toThrow(
      new EditError('no route has the id "notes.lst" (did you mean "notes.list"?)')
    )
  })

  it('may be the whole text', () => {
    expect(restore('{}')(shipped)).toBe('{}')
  })
})

describe('a difference', () => {
  it('is by route id, with lists as one value, and does not see order or layout', () => {
    const before = text(route('a'), route('b'), route('c', { timeouts: { idleMs: 1 } }))
    expect(diffTexts(before, JSON.stringify(JSON.parse(before), undefined, 4))).toEqual([])
    expect(diffTexts(before, text(route('c', { timeouts: { idleMs: 1 } }), route('b'), route('a')))).toEqual([])

    const after = text(route('c', { timeouts: { idleMs: 2 } }), route('a', { cohort: ['u0', 'u1'] }), route('d/~'))
    const changes = diffTexts(before, after)
    expect(changes).toEqual([
      { path: '/routes/a/cohort', from: ['u1'], to: ['u0', 'u1'] },
      { path: '/routes/b', from: route('b') },
      { path: '/routes/c/timeouts/idleMs', from: 1, to: 2 },
      { path: '/routes/d~1~0', to: route('d/~') }
    ])
    expect(routesOf(changes.slice(0, 3), ['a', 'c', 'x'])).toEqual(['a', 'b', 'c'])
  })

  it('outside of the routes concerns all of them', () => {
    const changes = diffTexts('{ "routes": [] }', '{ "killSwitch": true, "routes": [] }')
    expect(routesOf(changes, ['a', 'b'])).toEqual(['a', 'b'])
  })
})
