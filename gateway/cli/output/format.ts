import type { Sides } from '../../admin/schemas.ts'

/** What stands where there is nothing to tell. */
export const NOTHING = '–'

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

export function percent(value: number | undefined): string {
  return value === undefined ? NOTHING : `${Number(value.toFixed(2))} %`
}

/** Such as `1 request`, `1,234 requests`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en')} ${value === 1 ? one : many}`
}

/** @param value in milliseconds. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return NOTHING
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString('en')} ms`
}

/** The share of a part as a percentage. */
export function share(part: number, whole: number): string {
  return whole === 0 ? NOTHING : percent((part / whole) * 100)
}

export function sides({ native, legacy, share: onNative }: Sides): string {
  const total = count(native + legacy, 'request')
  return onNative === undefined ? total : `${total}, ${percent(onNative)} native`
}

/** ISO 8601 as `2026-01-05 12:00:00 UTC`. */
export function time(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

/** How long something took or is ago, in its two largest units: `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < MINUTE_S) return `${seconds} s`
  if (seconds < HOUR_S) return two(seconds, MINUTE_S, 'min', 1, 's')
  if (seconds < DAY_S) return two(seconds, HOUR_S, 'h', MINUTE_S, 'min')
  return two(seconds, DAY_S, 'd', HOUR_S, 'h')
}

function two(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small)
  return `${Math.floor(seconds / large)} ${largeUnit}${rest === 0 ? '' : ` ${rest} ${smallUnit}`}`
}

/** An argument as a shell takes it. */
export function quoted(argument: string): string {
  return /^[\w./:@%+=-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`
}
