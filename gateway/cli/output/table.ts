import Table from 'cli-table3'
import type { Paint } from './paint.ts'

export interface Column {
  readonly name: string
  /** Numbers stand to the right. */
  readonly isNumber?: boolean
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  '
}

/** Rows under their columns' names, without lines between them. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[], paint: Paint): string {
  const table = new Table({
    head: columns.map(({ name }) => paint('bold', name)),
    colAligns: columns.map(({ isNumber = false }) => (isNumber ? 'right' : 'left')),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
  })
  table.push(...rows.map(row => [...row]))
  return withoutTrailingBlanks(table.toString())
}

/** Names and values, one pair a line. */
export function listOf(pairs: readonly (readonly [name: string, value: string])[], paint: Paint): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${paint('bold', name.padEnd(width))}  ${value}`).join('\n')
}

function withoutTrailingBlanks(text: string): string {
  return text.replaceAll(/ +$/gm, '')
}
