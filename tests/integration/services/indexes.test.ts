import { describe, expect, it } from 'vitest'
import { connectDatabase } from '../../../services/index.ts'
import { freshUri, startNative } from './support.ts'

describe('indexes', () => {
  it('are created when the server starts', async () => {
    const { db } = await startNative()
    const keys = async (collection: string) => {
      const indexes = await db.collection(collection).indexes()
      return indexes.map(({ key, unique = false }) => ({ key, unique }))
    }
    await expect.poll(() => keys('users').catch(() => [])).toContainEqual({ key: { email: 1 }, unique: true })
    await expect
      .poll(() => keys('blacktokens').catch(() => []))
      .toContainEqual({ key: { blackToken: 1 }, unique: false })
    await expect
      .poll(() => db.collection('blacktokens').indexes())
      .toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }))
    const newestFirst = { key: { consultation: 1, created_at: -1, _id: -1 }, unique: false }
    await expect.poll(() => keys('notes').catch(() => [])).toContainEqual(newestFirst)
  })

  it('leave one of the legacy’s with other options as it is', async () => {
    const uri = await freshUri()
    const database = await connectDatabase(uri)
    await database.db.collection('users').createIndex({ email: 1 })
    const { call, db } = await startNative({ uri, database })
    const { status } = await call('GET', '/users/checkEmail?email=a')
    expect(status).toBe(200)
    await expect
      .poll(() =>
        db
          .collection('notes')
          .indexes()
          .catch(() => [])
      )
      .toHaveLength(2)
    expect(await db.collection('users').indexes()).toHaveLength(2)
  })
})
