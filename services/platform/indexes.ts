import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { type Db, type IndexDescription, MongoError } from 'mongodb'

const RETRY_MS = 1000

/** IndexOptionsConflict and IndexKeySpecsConflict: the legacy made an index of that key or name, and it stays. */
const CONFLICTS = new Set<unknown>([85, 86])

declare module 'fastify' {
  interface FastifyInstance {
    /** Has these indexes created once the server is ready and the database reachable, in the background, until it worked. */
    ensureIndexes(collection: string, indexes: readonly IndexDescription[]): void
  }
}

export const indexes = fp(
  async app => {
    const closing = new AbortController()
    const running: Promise<void>[] = []

    app.decorate('ensureIndexes', (collection: string, wanted: readonly IndexDescription[]) => {
      app.addHook('onReady', async () => {
        for (const index of wanted) {
          running.push(createUntilDone(app.database.db, collection, index, closing.signal, app.log))
        }
      })
    })

    app.addHook('onClose', async () => {
      closing.abort()
      await Promise.all(running)
    })
  },
  { name: 'platform-indexes' }
)

async function createUntilDone(
  db: Db,
  collection: string,
  index: IndexDescription,
  signal: AbortSignal,
  log: FastifyBaseLogger
): Promise<void> {
  let lastCode: unknown
  while (!signal.aborted) {
    try {
      // `background` as Mongoose sends it: a server before 4.2 would otherwise lock the collection.
      await db.collection(collection).createIndexes([{ ...index, background: true }])
      return
    } catch (error) {
      const { name, code } = error instanceof MongoError ? error : { name: 'Error', code: undefined }
      const details = { collection, key: index.key, error: { name, code } }
      if (CONFLICTS.has(code)) {
        log.warn(details, 'index exists with other options and is kept')
        return
      }
      // Once for each kind of failure, not once a second.
      if (lastCode !== (code ?? name)) log.warn(details, 'index not created yet, trying again')
      lastCode = code ?? name
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => {})
    }
  }
}
