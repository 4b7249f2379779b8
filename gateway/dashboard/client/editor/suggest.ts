import { getLocation } from 'jsonc-parser'
import { helpAt } from './help.ts'
import { alternativesOf, type Path, schemasAt, valuesOf } from './schema.ts'

export interface Suggestion {
  readonly label: string
  /** What is put in its place. */
  readonly text: string
  readonly info: string
}

export interface Suggestions {
  /** What they would replace. */
  readonly from: number
  readonly to: number
  /** At least one. */
  readonly options: readonly Suggestion[]
}

/**
 * Keys and values that the schema knows for a place and that go with what stands before the cursor.
 *
 * @param isAsked whether somebody asked for them. Else nothing is suggested where nothing is begun, and no example
 * either: a number that one types is meant.
 */
export function suggestionsAt(text: string, at: number, isAsked: boolean): Suggestions | undefined {
  const word = wordBefore(text, at)
  if (word === '' && !isAsked) return undefined
  // A bare word that is not finished is no token yet: its place is where it begins.
  const { path, isAtPropertyKey } = getLocation(text, word.startsWith('"') ? at : at - word.length)
  const known = isAtPropertyKey ? keysAt(path.slice(0, -1), text, at) : valuesAt(path, isAsked)
  const options = known.filter(({ label }) => isBegunBy(label, word) && label !== word)
  const to = word.startsWith('"') && text[at] === '"' ? at + 1 : at
  return options.length === 0 ? undefined : { from: at - word.length, to, options }
}

/** What is begun before the cursor: a string with its quote, or a bare word. */
function wordBefore(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  const open = line.replaceAll(/"(?:[^"\\]|\\.)*"/g, whole => ' '.repeat(whole.length))
  return /(?:"[^"]*|[\w.$-]*)$/.exec(open)?.[0] ?? ''
}

function keysAt(parent: Path, text: string, at: number): Suggestion[] {
  const nodes = schemasAt(parent).flatMap(alternativesOf)
  const keys = [...new Set(nodes.flatMap(({ properties }) => Object.keys(properties ?? {})))]
  // A key that has its colon already is only named anew.
  const end = /^"?\s*:/.test(text.slice(at, at + 200)) ? '' : ': '
  return keys.map(key => ({
    label: `"${key}"`,
    text: `"${key}"${end}`,
    info: helpAt([...parent, key])?.description ?? ''
  }))
}

function valuesAt(path: Path, isAsked: boolean): Suggestion[] {
  const nodes = schemasAt(path)
  const values = nodes.flatMap(valuesOf)
  const examples = values.length === 0 && isAsked ? nodes.flatMap(node => node.examples ?? []) : []
  const labels = new Set([...values, ...examples].map(value => JSON.stringify(value)))
  return [...labels].map(label => ({ label, text: label, info: values.length > 0 ? '' : 'An example.' }))
}

function isBegunBy(label: string, word: string): boolean {
  return bare(label).startsWith(bare(word))
}

function bare(text: string): string {
  return text.replaceAll('"', '').toLowerCase()
}
