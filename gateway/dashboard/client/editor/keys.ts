import {
  cursorDocEnd,
  cursorDocStart,
  cursorPageDown,
  cursorPageUp,
  history,
  historyKeymap,
  selectAll,
  selectDocEnd,
  selectDocStart,
  selectPageDown,
  selectPageUp
} from '@codemirror/commands'
import { nextDiagnostic } from '@codemirror/lint'
import { EditorSelection, type Extension } from '@codemirror/state'
import { type EditorView, keymap } from '@codemirror/view'

/**
 * What the browser cannot do by itself, because only the lines that can be seen are in the document. The rest is the
 * browser's: Tab among it, so that the keyboard gets out of the editor.
 */
export const moving: Extension = keymap.of([
  { key: 'Mod-Home', mac: 'Cmd-ArrowUp', run: cursorDocStart, shift: selectDocStart },
  { key: 'Mod-End', mac: 'Cmd-ArrowDown', run: cursorDocEnd, shift: selectDocEnd },
  { key: 'PageUp', run: cursorPageUp, shift: selectPageUp },
  { key: 'PageDown', run: cursorPageDown, shift: selectPageDown },
  { key: 'Mod-a', run: selectAll }
])

/** Undo, a new line that is indented as the one before, and F8 to the next problem. */
export const writing: Extension = [
  history(),
  keymap.of([...historyKeymap, { key: 'Enter', run: newLine }, { key: 'F8', run: nextDiagnostic }])
]

function newLine(view: EditorView): boolean {
  const { state } = view
  const change = state.changeByRange(({ from, to }) => {
    const before = state.sliceDoc(state.doc.lineAt(from).from, from)
    const indent = (/^\s*/.exec(before)?.[0] ?? '') + (/[{[]\s*$/.test(before) ? '  ' : '')
    const insert = `${state.lineBreak}${indent}`
    return { changes: { from, to, insert }, range: EditorSelection.cursor(from + insert.length) }
  })
  view.dispatch(state.update(change, { scrollIntoView: true, userEvent: 'input' }))
  return true
}
