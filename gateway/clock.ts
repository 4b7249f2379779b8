/** What time it is, and what is due. Passed in, so that tests decide how time passes. */
export interface Clock {
  /** Milliseconds since 1970; never goes back. */
  now(): number
  /** Calls a task again and again, every so many milliseconds. Returns what stops it. */
  every(milliseconds: number, task: () => void): () => void
}

/** The machine's clock. It follows no step of the system's time, so a hold is as long as it says. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  every(milliseconds, task) {
    const timer = setInterval(task, milliseconds)
    timer.unref()
    return () => clearInterval(timer)
  }
}
