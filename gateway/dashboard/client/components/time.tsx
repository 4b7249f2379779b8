import { useEffect, useState } from 'preact/hooks'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto', style: 'short' })
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** A time as one says it, such as "5 min ago"; whole on pointing at it. */
export function Time({ at }: { readonly at: string }) {
  useTick(10 * SECOND)
  const time = new Date(at)
  // The gateway's clock may be a little ahead of this one.
  const since = Math.min(time.getTime() - Date.now(), 0)
  return (
    <time dateTime={at} title={full.format(time)}>
      {agoOf(since)}
    </time>
  )
}

/** How long it still is until a time. */
export function TimeLeft({ until }: { readonly until: string }) {
  useTick(SECOND)
  const left = Date.parse(until) - Date.now()
  return <span class="figure">{left <= 0 ? 'hold is over' : `${lengthOf(left)} left`}</span>
}

/** The length of a time in words. @param ms from 0 */
export function lengthOf(ms: number): string {
  const seconds = Math.ceil(ms / SECOND)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

function agoOf(ms: number): string {
  const size = Math.abs(ms)
  if (size < MINUTE) return relative.format(Math.round(ms / SECOND), 'second')
  if (size < HOUR) return relative.format(Math.round(ms / MINUTE), 'minute')
  if (size < DAY) return relative.format(Math.round(ms / HOUR), 'hour')
  return relative.format(Math.round(ms / DAY), 'day')
}

/** Draws the component again every so often. */
function useTick(everyMs: number): void {
  const [, setTicks] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setTicks(ticks => ticks + 1), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
}
