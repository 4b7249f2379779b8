import { type Db, MongoClient } from 'mongodb'
import { inject } from 'vitest'
import { createCollections, withFreshName } from './database.ts'
import './global-setup.ts'

export interface FreshDatabase {
  /** With the fresh name in its path. */
  readonly uri: string
  readonly client: MongoClient
  readonly db: Db
  /** Drops the database and closes the client. */
  drop(): Promise<void>
}

/** An empty database of its own name, on the server of this test run. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const uri = withFreshName(inject('databaseUri'))
  const client = await MongoClient.connect(uri)
  const db = client.db()
  await createCollections(db)
  return {
    uri,
    client,
    db,
    async drop() {
      await db.dropDatabase()
      await client.close()
    }
  }
}
