import type { NoAdvanceWindow } from './plan.ts'

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const MINUTES_A_DAY = 24 * 60

/**
 * The first window that an instant is in, if any. Windows are in the wall-clock time of their zone, also on the days
 * when the clocks change: an hour that comes twice is in the window twice.
 *
 * @param now milliseconds since 1970.
 */
export function windowAt(windows: readonly NoAdvanceWindow[], now: number): NoAdvanceWindow | undefined {
  return windows.find(window => {
    const { day, minute } = wallClock(now, window.timeZone)
    const from = minutesOf(window.from)
    const to = minutesOf(window.to)
    const begins = (on: number) => window.days.some(each => each === DAYS[on])
    if (to > from) return begins(day) && minute >= from && minute < to
    return (begins(day) && minute >= from) || (begins((day + 6) % 7) && minute < to)
  })
}

/** A window in words, for messages. */
export function describeWindow({ days, from, to, timeZone }: NoAdvanceWindow): string {
  return `${days.join(' ')} ${from}–${to} (${timeZone})`
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
}

function wallClock(now: number, timeZone: string): { day: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23'
  })
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]))
  const weekday = parts.get('weekday')?.toLowerCase()
  const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
  return { day: DAYS.findIndex(each => each === weekday), minute: minute % MINUTES_A_DAY }
}
