import { RangeSetBuilder } from '@codemirror/state'
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view'
import { createScanner } from 'jsonc-parser'

/*
 * Colours by jsonc-parser, which is here for the cursor's place anyway. CodeMirror's own JSON mode brings a parser
 * generator of 20 KB.
 */

const mark = (name: string) => Decoration.mark({ class: `cm-json-${name}` })
const KEY = mark('key')
const STRING = mark('string')

/** The scanner's kinds of token; its enumeration cannot be imported where each file is compiled by itself. */
const END = 17
const COLON = 6
const TEXT = 10
const CONSTANT = mark('constant')
const MARKS: Readonly<Record<number, Decoration>> = { 7: CONSTANT, 8: CONSTANT, 9: CONSTANT, 11: mark('number') }

/** Colours the keys and values of JSON, as far as they can be seen. */
export const highlightJson = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet

    constructor(view: EditorView) {
      this.decorations = decorationsOf(view)
    }

    update({ docChanged, viewportChanged, view }: ViewUpdate) {
      if (docChanged || viewportChanged) this.decorations = decorationsOf(view)
    }
  },
  { decorations: plugin => plugin.decorations }
)

/** By token, so that what comes after a mistake keeps its colours. */
function decorationsOf({ state, viewport }: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  const add = (from: number, to: number, decoration: Decoration) => {
    if (from < viewport.to && to > viewport.from) builder.add(from, to, decoration)
  }
  const scanner = createScanner(state.doc.toString(), true)
  /** A string that is a key if a colon comes next. */
  let text: { readonly from: number; readonly to: number } | undefined
  for (;;) {
    const kind: number = scanner.scan()
    const from = scanner.getTokenOffset()
    if (text !== undefined) add(text.from, text.to, kind === COLON ? KEY : STRING)
    if (kind === END) return builder.finish()
    const to = from + scanner.getTokenLength()
    text = kind === TEXT ? { from, to } : undefined
    const decoration = MARKS[kind]
    if (decoration !== undefined) add(from, to, decoration)
  }
}
