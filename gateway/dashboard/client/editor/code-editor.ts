import { lintGutter, setDiagnostics } from '@codemirror/lint'
import { EditorSelection, EditorState, type Extension } from '@codemirror/state'
import { EditorView, highlightActiveLine, highlightActiveLineGutter, lineNumbers } from '@codemirror/view'
import { getLocation } from 'jsonc-parser'
import type { ConfigProblem } from '../../../config/problem.ts'
import { completion } from './completion.ts'
import { highlightJson } from './highlight.ts'
import { schemaHover } from './hover.ts'
import { moving, writing } from './keys.ts'
import { diagnosticsOf, offsetOf } from './problem-places.ts'
import type { Path } from './schema.ts'
import { theme } from './theme.ts'

export interface CodeEditorOptions {
  /** An element that the editor fills; it becomes the host of a shadow root. */
  readonly host: HTMLElement
  readonly text: string
  /** For screen readers. */
  readonly label: string
  readonly readOnly: boolean
  readonly onChange: (text: string) => void
  /** The place of the cursor in the configuration. */
  readonly onPlace: (path: Path) => void
}

export interface CodeEditor {
  /** Replaces what is different; the cursor and the scroll position stay where they can. */
  setText(text: string): void
  showProblems(problems: readonly ConfigProblem[]): void
  /** Puts the cursor to a line and column, both from 1, and the keyboard's focus into the editor. */
  goTo(line: number, column: number): void
  destroy(): void
}

/**
 * An editor for a routing configuration. Lives in a shadow root, whose style sheets CodeMirror adopts: in the document
 * it would make a style element, which the content security policy forbids.
 */
export function createCodeEditor(options: CodeEditorOptions): CodeEditor {
  const { host, text } = options
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: text, extensions: extensionsOf(options) })
  })
  return {
    setText(next) {
      const change = differenceOf(view.state.doc.toString(), next)
      if (change !== undefined) view.dispatch({ changes: change })
    },
    showProblems(problems) {
      view.dispatch(setDiagnostics(view.state, diagnosticsOf(view.state, problems)))
    },
    goTo(line, column) {
      const at = offsetOf(view.state, line, column)
      view.dispatch({ selection: EditorSelection.cursor(at), effects: EditorView.scrollIntoView(at, { y: 'center' }) })
      view.focus()
    },
    destroy() {
      view.destroy()
    }
  }
}

function extensionsOf({ label, readOnly, onChange, onPlace }: CodeEditorOptions): Extension[] {
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    highlightJson,
    schemaHover,
    theme,
    EditorView.contentAttributes.of({
      tabindex: '0',
      'aria-label': label,
      ...(readOnly ? { 'aria-readonly': 'true' } : {})
    }),
    EditorView.updateListener.of(update => {
      if (update.docChanged) onChange(update.state.doc.toString())
      if (update.docChanged || update.selectionSet) {
        onPlace(getLocation(update.state.doc.toString(), update.state.selection.main.head).path)
      }
    }),
    moving,
    readOnly ? EditorState.readOnly.of(true) : [completion, writing, lintGutter()]
  ]
}

/** The one stretch that differs; undefined when nothing does. */
function differenceOf(old: string, next: string): { from: number; to: number; insert: string } | undefined {
  if (old === next) return undefined
  const shortest = Math.min(old.length, next.length)
  let start = 0
  while (start < shortest && old[start] === next[start]) start++
  let end = 0
  while (end < shortest - start && old.at(-1 - end) === next.at(-1 - end)) end++
  return { from: start, to: old.length - end, insert: next.slice(start, next.length - end) }
}
