import { EditorSelection, type EditorState, type Extension, Prec, StateEffect, StateField } from '@codemirror/state'
import { type Command, EditorView, keymap, showTooltip, type Tooltip } from '@codemirror/view'
import { type Suggestions, suggestionsAt } from './suggest.ts'

/*
 * A small list of suggestions instead of CodeMirror's autocomplete, which is 20 KB and would take the dashboard's
 * script over its budget.
 */

interface Open extends Suggestions {
  readonly selected: number
}

const LIST = 'suggestions'
const change = StateEffect.define<Open | undefined>()

const suggestions = StateField.define<Open | undefined>({
  create: () => undefined,
  update(open, transaction) {
    const asked = transaction.effects.find(effect => effect.is(change))
    if (asked !== undefined) return asked.value
    if (transaction.isUserEvent('input.type')) return openAt(transaction.state, false)
    return transaction.docChanged || transaction.selection !== undefined ? undefined : open
  },
  provide: field => [
    showTooltip.from(field, open => (open === undefined ? null : tooltipOf(open))),
    EditorView.contentAttributes.from(field, attributesOf)
  ]
})

/** Suggests what the schema knows: while one types, and on Ctrl-Space anything that can stand there. */
export const completion: Extension = [
  suggestions,
  Prec.highest(
    keymap.of([
      { key: 'Ctrl-Space', run: ask },
      { key: 'ArrowDown', run: move(1) },
      { key: 'ArrowUp', run: move(-1) },
      { key: 'Enter', run: view => accept(view, view.state.field(suggestions)?.selected) },
      { key: 'Escape', run: close }
    ])
  ),
  EditorView.domEventHandlers({ blur: (_event, view) => void close(view) })
]

function openAt(state: EditorState, isAsked: boolean): Open | undefined {
  const { main } = state.selection
  if (!main.empty || state.selection.ranges.length > 1) return undefined
  const found = suggestionsAt(state.doc.toString(), main.head, isAsked)
  return found === undefined ? undefined : { ...found, selected: 0 }
}

function ask(view: EditorView): boolean {
  view.dispatch({ effects: change.of(openAt(view.state, true)) })
  return true
}

function move(by: number): Command {
  return view => {
    const open = view.state.field(suggestions)
    if (open === undefined) return false
    const count = open.options.length
    view.dispatch({ effects: change.of({ ...open, selected: (open.selected + by + count) % count }) })
    return true
  }
}

function close(view: EditorView): boolean {
  if (view.state.field(suggestions) === undefined) return false
  view.dispatch({ effects: change.of(undefined) })
  return true
}

function accept(view: EditorView, index: number | undefined): boolean {
  const open = view.state.field(suggestions)
  const option = index === undefined ? undefined : open?.options[index]
  if (open === undefined || option === undefined) return false
  const { from, to } = open
  view.dispatch({
    changes: { from, to, insert: option.text },
    selection: EditorSelection.cursor(from + option.text.length),
    userEvent: 'input.complete'
  })
  return true
}

/** The cursor's focus stays in the text; these tell a screen reader of the list and of what is chosen in it. */
function attributesOf(open: Open | undefined): Record<string, string> {
  const always = { 'aria-autocomplete': 'list', 'aria-haspopup': 'listbox' }
  if (open === undefined) return always
  return { ...always, 'aria-controls': LIST, 'aria-activedescendant': `${LIST}-${open.selected}` }
}

function tooltipOf({ from, options, selected }: Open): Tooltip {
  return {
    pos: from,
    create: view => {
      const list = document.createElement('ul')
      list.id = LIST
      list.setAttribute('role', 'listbox')
      list.setAttribute('aria-label', 'Suggestions')
      list.append(...options.map(({ label }, index) => optionOf(view, label, index, index === selected)))
      const info = document.createElement('p')
      info.textContent = options[selected]?.info ?? ''
      const dom = document.createElement('div')
      dom.className = 'cm-suggestions'
      dom.append(list, info)
      return { dom, mount: () => list.children[selected]?.scrollIntoView({ block: 'nearest' }) }
    }
  }
}

function optionOf(view: EditorView, label: string, index: number, isSelected: boolean): HTMLElement {
  const option = document.createElement('li')
  option.id = `${LIST}-${index}`
  option.setAttribute('role', 'option')
  option.setAttribute('aria-selected', String(isSelected))
  option.textContent = label
  option.addEventListener('mousedown', event => {
    event.preventDefault()
    accept(view, index)
  })
  return option
}
