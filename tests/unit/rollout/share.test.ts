import { describe, expect, it } from 'vitest'
import { createCallers } from '../../../gateway/rollout/callers.ts'
import { checkShare } from '../../../gateway/rollout/share-check.ts'
import { bucketOf } from '../../../gateway/routing/bucket.ts'
import { binomial, seeded } from './random.ts'

describe('the share check', () => {
  it('passes what chance explains and holds what it does not', () => {
    expect(checkShare(50, { native: 520, legacy: 480 })).toMatchObject({
      status: 'passed',
      realisedPercent: 52,
      chiSquare: 1.6
    })
    expect(checkShare(50, { native: 600, legacy: 400 })).toMatchObject({
      status: 'differs',
      chiSquare: 40,
      message: '60.00 % of 1000 callers are on native at weight 50, which chance does not explain'
    })
    expect(checkShare(50, { native: 0, legacy: 100 }).status).toBe('differs')
  })

  it('waits for callers', () => {
    expect(checkShare(10, { native: 0, legacy: 40 })).toMatchObject({
      status: 'waiting',
      message: expect.stringMatching(/^10 more callers/)
    })
    expect(checkShare(100, { native: 0, legacy: 0 }).status).toBe('waiting')
  })

  it('allows nothing but native at 100 and nothing but legacy at 0', () => {
    expect(checkShare(100, { native: 50, legacy: 0 }).status).toBe('passed')
    expect(checkShare(100, { native: 50, legacy: 1 }).status).toBe('differs')
    expect(checkShare(0, { native: 1, legacy: 50 }).status).toBe('differs')
  })

  it('is rarely wrong at the right share', () => {
    const random = seeded(5)
    let wrong = 0
    for (let i = 0; i < 5_000; i++) {
      const native = binomial(random, 400, 0.25)
      if (checkShare(25, { native, legacy: 400 - native }).status !== 'passed') wrong++
    }
    expect(wrong).toBeLessThanOrEqual(5)
  })
})

describe('callers', () => {
  it('are counted once, however busy, and merge by union', () => {
    const [one, two] = [createCallers(), createCallers()]
    for (let user = 0; user < 800; user++) {
      const bucket = bucketOf(`user:${user}`, 'notes')
      const side = bucket < 2_500 ? 'native' : 'legacy'
      for (let i = 0; i < (user === 7 ? 1_000 : 1); i++) (user % 2 ? one : two).see('r', 1, side, bucket)
      if (user < 10) for (const each of [one, two]) each.see('r', 1, side, bucket)
    }
    one.merge('r', two.pack('r'))
    const count = one.count('r')
    expect(count.native + count.legacy).toBeGreaterThan(740)
    expect(count.native + count.legacy).toBeLessThanOrEqual(800)
    expect(checkShare(25, count).status).toBe('passed')
    expect(checkShare(50, count).status).toBe('differs')
    one.forget('r')
    expect(one.count('r')).toEqual({ native: 0, legacy: 0 })
    expect(one.count('other')).toEqual({ native: 0, legacy: 0 })
  })

  it('are of the weight that stands, also when a request of the one before ends late', () => {
    const callers = createCallers()
    callers.see('r', 6, 'legacy', 1)
    callers.reset('r', 7)
    callers.see('r', 6, 'legacy', 2)
    callers.see('r', 7, 'native', 3)
    callers.see('r', 8, 'native', 4)
    expect(callers.count('r')).toEqual({ native: 2, legacy: 0 })
    expect(checkShare(100, callers.count('r')).status).toBe('passed')
  })
})
