import type { Diagnostic } from '@codemirror/lint'
import type { EditorState } from '@codemirror/state'
import type { ConfigProblem } from '../../../config/problem.ts'

/** A string, a word, or a single character. */
const TOKEN = /^(?:"(?:[^"\\]|\\.)*"|[^\s,:{}[\]"]+|.)/

/** The offset of a line and column, both from 1; the nearest there is where the text has become shorter. */
export function offsetOf({ doc }: EditorState, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines))
  return Math.min(from + column - 1, to)
}

/** Problems as the editor marks them: what stands at their place, at most to the end of the line. */
export function diagnosticsOf(state: EditorState, problems: readonly ConfigProblem[]): Diagnostic[] {
  return problems.map(({ line, column, found, expected }) => {
    const from = offsetOf(state, line, column)
    const token = TOKEN.exec(state.sliceDoc(from, state.doc.lineAt(from).to))?.[0] ?? ''
    return { from, to: from + token.length, severity: 'error', message: `Found ${found}, expected ${expected}.` }
  })
}
