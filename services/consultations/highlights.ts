import type { Highlight } from './schema.ts'

/**
 * The highlights in a completion that was asked for a JSON array of them: the array, or what stands of it, wherever it
 * is in a code fence or in prose. What is no highlight is left out; of nonsense nothing is left.
 */
export function readHighlights(completion: string): Highlight[] {
  return candidatesIn(completion).flatMap(candidate => highlightOf(candidate) ?? [])
}

function candidatesIn(text: string): readonly unknown[] {
  const array = parsed(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1))
  if (Array.isArray(array)) return array
  // An array that was cut off, or brackets in the prose: each flat object by itself.
  return (text.match(/\{[^{}]*\}/g) ?? []).map(parsed)
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function highlightOf(candidate: unknown): Highlight | undefined {
  if (typeof candidate !== 'object' || candidate === null) return undefined
  const { term, possible_snomed }: { term?: unknown; possible_snomed?: unknown } = candidate
  const code = codeOf(possible_snomed)
  return typeof term === 'string' && term.trim() !== '' && code !== undefined
    ? { term, possible_snomed: code }
    : undefined
}

/** A term may be worth showing without a code. A number beyond what JavaScript holds exactly would be another code. */
function codeOf(code: unknown): string | undefined {
  if (code === undefined || code === null) return ''
  if (typeof code === 'number') return Number.isSafeInteger(code) ? String(code) : undefined
  return typeof code === 'string' ? code : undefined
}
