import { describe, expect, it } from 'vitest'
import { parsePattern, patternsOverlap } from '../../../gateway/routing/pattern.ts'

describe('patternsOverlap', () => {
  it.each([
    ['/', '/'],
    ['/a', '/A/'],
    ['/a/:x', '/a/:y'],
    ['/a/:x', '/a/b'],
    ['/:x/b', '/a/:y'],
    ['/a/*', '/a/b/c'],
    ['/a/*', '/a/:x'],
    ['/a/*', '/:x/*'],
    ['/*', '/'],
    ['/*', '/a/b']
  ])('%s and %s share a path', (a, b) => {
    expect(patternsOverlap(a, b)).toBe(true)
    expect(patternsOverlap(b, a)).toBe(true)
  })

  it.each([
    ['/', '/a'],
    ['/a', '/b'],
    ['/a', '/a/b'],
    ['/a/:x', '/a'],
    ['/a/:x/c', '/a/:x/d'],
    ['/a/*', '/a'],
    ['/a/*', '/b/*']
  ])('%s and %s share none', (a, b) => {
    expect(patternsOverlap(a, b)).toBe(false)
    expect(patternsOverlap(b, a)).toBe(false)
  })
})

describe('parsePattern', () => {
  it('reads segments, parameters and a final star', () => {
    expect(parsePattern('/Api/:id/x.y/*')).toEqual(['api', ':', 'x.y', '*'])
    expect(parsePattern('/')).toEqual([])
  })

  it.each([
    '',
    'a',
    '//',
    '/a//b',
    '/a//',
    '/:',
    '/a:b',
    '/:a-:b',
    '/:a?',
    '/a*',
    '/*/a',
    '/a/../b',
    '/.',
    '/%41',
    '/a b',
    '/a?b',
    '/(a)',
    '/é'
  ])('refuses %j', pattern => expect(parsePattern(pattern)).toBeUndefined())
})
