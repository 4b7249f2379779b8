import { describe, expect, test } from 'vitest'
import { givenUser, startNative } from './support.ts'

const MILLION = 1_000_000

describe('a body with more wrong than anybody can mend at a time', () => {
  test.each([
    ['items', { images: Array<number>(MILLION).fill(0) }, '/images/0', '/images/99'],
    ['fields', Object.fromEntries(Array.from({ length: 1000 }, (_, nth) => [`f${nth}`, nth])), '/f0', '/f99']
  ] as const)('is answered with the first hundred of its wrong %s', async (_what, body, first, last) => {
    const { call, db } = await startNative()
    const { token } = await givenUser(db)
    const answer = await call('POST', '/api/v1/ai/image-analyses', { token, body })
    const { code, details } = Object(answer.body).error
    expect([answer.status, code, details.length]).toEqual([422, 'validation_failed', 100])
    expect([details[0].path, details[99].path]).toEqual([first, last])
  })
})
