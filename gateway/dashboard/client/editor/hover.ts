import { hoverTooltip } from '@codemirror/view'
import { getLocation } from 'jsonc-parser'
import { type Help, helpAt } from './help.ts'

/** Shows what the schema says of the key or the value under the pointer. */
export const schemaHover = hoverTooltip((view, pos) => {
  const { path, previousNode } = getLocation(view.state.doc.toString(), pos)
  const help = previousNode === undefined ? undefined : helpAt(path)
  if (previousNode === undefined || help === undefined) return null
  const { offset, length } = previousNode
  if (pos < offset || pos > offset + length) return null
  return { pos: offset, end: offset + length, above: true, create: () => ({ dom: domOf(help) }) }
})

function domOf({ description, facts }: Help): HTMLElement {
  const dom = element('div', '')
  dom.className = 'cm-help'
  const list = element('dl', '')
  for (const [label, text] of facts) list.append(element('dt', label), element('dd', text))
  dom.append(element('p', description), list)
  return dom
}

function element(name: string, text: string): HTMLElement {
  const made = document.createElement(name)
  made.textContent = text
  return made
}
