import { AsyncLocalStorage } from 'node:async_hooks'
import DataLoader from 'dataloader'

const MAX_BATCH_SIZE = 200

/** Milliseconds after which a batch still out no longer holds up the next one. */
const PATIENCE_MS = 250

/**
 * Turns a look-up of many keys into one of a single key, in which callers share round trips without ever sharing a
 * stale answer: while one batch is out, keys gather for the next, so every answer was read after it was asked for.
 * Nothing is cached. One idle caller waits for nothing; a thousand at once cost a handful of commands.
 *
 * @param load answers every key of a list of distinct keys; a key that it leaves out is undefined
 */
export function batchLoader<K, V>(
  load: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>
): (key: K) => Promise<V | undefined> {
  const waiting: (() => void)[] = []
  let busy = false

  const sendNext = () => {
    const dispatch = waiting.shift()
    busy = dispatch !== undefined
    // DataLoader closes a batch as it dispatches it: until then, whatever else this turn of the event loop reads from
    // other sockets still joins.
    if (dispatch !== undefined) setImmediate(dispatch)
  }

  const loader = new DataLoader<K, V | undefined>(
    async keys => {
      const settled = onceSettledOrSlow(sendNext)
      try {
        const values = await load([...new Set(keys)])
        return keys.map(key => values.get(key))
      } finally {
        settled()
      }
    },
    {
      cache: false,
      maxBatchSize: MAX_BATCH_SIZE,
      batchScheduleFn(dispatch) {
        // It is the end of another batch that dispatches this one, and what follows requests must not follow that one's.
        waiting.push(AsyncLocalStorage.bind(dispatch))
        if (!busy) sendNext()
      }
    }
  )
  return key => loader.load(key)
}

/** Calls `then` once: when the returned function is called, or when patience runs out. */
function onceSettledOrSlow(then: () => void): () => void {
  let called = false
  const settle = () => {
    if (called) return
    called = true
    clearTimeout(timer)
    then()
  }
  const timer = setTimeout(settle, PATIENCE_MS)
  return settle
}
