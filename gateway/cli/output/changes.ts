import type { FieldChange } from '../../admin/schemas.ts'
import { NOTHING, percent } from './format.ts'
import type { Paint } from './paint.ts'
import { tableOf } from './table.ts'

const LONGEST = 60
/** Routes that a line names before it counts the others. */
const NAMED = 2

/** What became different, a line each; says so when nothing did. */
export function changesOf(changes: readonly FieldChange[], paint: Paint): string {
  if (changes.length === 0) return paint('dim', 'nothing differs')
  const rows = changes.map(change => {
    const [what, field] = placeOf(change.path)
    return [what, field, shown(field, change.from), '→', shown(field, change.to)]
  })
  return tableOf([{ name: 'what' }, { name: 'field' }, { name: 'from' }, { name: '' }, { name: 'to' }], rows, paint)
}

/** All of it in a line, such as `weight 10 % → 25 % of notes.create, notes.list and 2 more`. */
export function changesInLine(changes: readonly FieldChange[]): string {
  const places = new Map<string, string[]>()
  for (const { path, from, to } of changes) {
    const [what, field] = placeOf(path)
    const change = `${field} ${shown(field, from)} → ${shown(field, to)}`
    places.set(change, [...(places.get(change) ?? []), what])
  }
  return [...places].map(([change, names]) => `${change} of ${namesText(names)}`).join(', ')
}

function namesText(names: readonly string[]): string {
  const more = names.length - NAMED
  return more <= 1 ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${more} more`
}

function placeOf(pointer: string): readonly [what: string, field: string] {
  const segments = pointer
    .split('/')
    .slice(1)
    .map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
  const [first = '', second = '', ...rest] = segments
  if (first === 'routes' && second !== '') return [second, fieldOf(rest)]
  return ['the gateway', fieldOf(segments)]
}

const FIELDS: Readonly<Record<string, string>> = { killSwitch: 'kill switch', '': 'route' }

function fieldOf(segments: readonly string[]): string {
  const field = segments.join('.')
  return FIELDS[field] ?? field
}

function shown(field: string, value: unknown): string {
  if (value === undefined) return field === 'route' ? NOTHING : '(default)'
  if (typeof value === 'number' && field.endsWith('weight')) return percent(value)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  const text = JSON.stringify(value)
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
}
