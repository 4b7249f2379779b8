/** Has what is done under one key wait for each other; what has other keys goes on meanwhile. */
export interface Turns {
  /** Does it when all is settled that came before under the same key. */
  take<T>(key: string, act: () => Promise<T>): Promise<T>
}

export function createTurns(): Turns {
  /** The last that came, of every key that anybody is at or waits for. */
  const last = new Map<string, Promise<unknown>>()

  return {
    async take(key, act) {
      const before = last.get(key)
      const mine = before === undefined ? act() : before.then(act, act)
      last.set(key, mine)
      try {
        return await mine
      } finally {
        if (last.get(key) === mine) last.delete(key)
      }
    }
  }
}
