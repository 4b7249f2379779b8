import { hash } from '@node-rs/bcrypt'
import { describe, expect, it } from 'vitest'
import { createPasswords } from '../../../services/platform/passwords.ts'
import { startNative } from './support.ts'

const COST = 10
const LONG = 'x'.repeat(73)

/** Milliseconds of processor time, of all threads, that the fastest of a few runs took: what others do is left out. */
async function workOf(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let repetition = 0; repetition < 3; repetition++) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1000)
  }
  return Math.min(...times)
}

describe('the work of a failed login', () => {
  it('is the same whether or not there is an account, and whatever its hash', async () => {
    const { call, db } = await startNative({ bcryptCost: COST })
    const stored = {
      'cost-4': await hash('a long password', { cost: 4 }),
      'cost-8': await hash('a long password', { cost: 8 }),
      'cost-10': await hash('a long password', { cost: COST }),
      'no-hash': 'not a hash'
    }
    await db
      .collection('users')
      .insertMany(Object.entries(stored).map(([email, password]) => ({ username: email, email, password })))

    const failedLogin = (email: string, password: string) =>
      workOf(async () =>
        expect((await call('POST', '/users/login', { body: { email, password } })).status).not.toBe(500)
      )
    const unit = await workOf(() => hash('a long password', { cost: COST }))
    for (const password of ['wrong password', LONG]) {
      for (const email of ['nobody', ...Object.keys(stored)]) {
        const work = (await failedLogin(email, password)) / unit
        expect({ email, work: work > 0.7 && work < 1.7 ? 'of one hash' : work }).toEqual({ email, work: 'of one hash' })
      }
    }
  })
})

describe('work that waits', () => {
  it('is bounded: what comes on top is refused at once, and asked to come again', async () => {
    const passwords = createPasswords({ cost: 4 })
    const all = await Promise.allSettled(Array.from({ length: 150 }, () => passwords.hash('a long password')))
    const refused = all.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(48)
    for (const each of refused) {
      expect(each).toMatchObject({ reason: { statusCode: 503, retryAfterSeconds: 1, message: 'Service unavailable' } })
    }
    expect(await passwords.check('a long password', await passwords.hash('a long password'))).toEqual({ matches: true })
  })

  it('is left out when its turn comes and it is not admitted', async () => {
    const passwords = createPasswords({ cost: 4 })
    const refusal = new Error('not now')
    await expect(passwords.check('x', undefined, () => Promise.reject(refusal))).rejects.toBe(refusal)
    expect(await passwords.check('x', undefined)).toEqual({ matches: false })
  })
})

describe('the cost of new hashes', () => {
  it.each([3, 16, 10.5, Number.NaN])('is refused when it is %s', cost => {
    expect(() => createPasswords({ cost })).toThrow(`bcrypt cost is ${cost}; it must be a whole number from 4 to 15`)
  })

  it('is 12 unless told otherwise', async () => {
    expect(await createPasswords().hash('a long password')).toMatch(/^\$2b\$12\$/)
  })
})
