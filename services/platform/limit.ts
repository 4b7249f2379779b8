/** Runs asynchronous tasks, at most `concurrency` at a time, the others in the order they came. */
export function limit(concurrency: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0

  return async task => {
    if (running < concurrency) running++
    // The finished task hands its place over, so `running` does not change.
    else await new Promise<void>(resolve => waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
