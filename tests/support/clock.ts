import type { Clock } from '../../gateway/clock.ts'

export interface ManualClock extends Clock {
  /** Lets time pass, in milliseconds: what becomes due is called at its time, in order. */
  advance(milliseconds: number): void
}

/** A clock that stands still until a test moves it. */
export function manualClock(start = Date.UTC(2026, 0, 5, 12)): ManualClock {
  let now = start
  const tasks = new Set<{ due: number; readonly every: number; readonly task: () => void }>()
  const nextDue = () => [...tasks].sort((a, b) => a.due - b.due)[0]
  return {
    now: () => now,
    every(milliseconds, task) {
      const entry = { due: now + milliseconds, every: milliseconds, task }
      tasks.add(entry)
      return () => tasks.delete(entry)
    },
    advance(milliseconds) {
      const end = now + milliseconds
      for (let next = nextDue(); next !== undefined && next.due <= end; next = nextDue()) {
        now = next.due
        next.due += next.every
        next.task()
      }
      now = end
    }
  }
}
