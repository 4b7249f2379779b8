import { findNodeAtLocation, getNodeValue, parseTree } from 'jsonc-parser'
import { useMemo } from 'preact/hooks'
import type { Place } from './code-view.tsx'

interface GoToRouteProps {
  readonly text: string
  readonly onGo: (place: Place) => void
}

/** Goes to where a route stands in the text. */
export function GoToRoute({ text, onGo }: GoToRouteProps) {
  const routes = useMemo(() => offsetsOf(text), [text])
  const go = (id: string) => {
    const offset = routes.get(id)
    if (offset !== undefined) onGo(placeOf(text, offset))
  }
  return (
    <label class="go-to-route">
      Go to{' '}
      <select value="" onChange={event => go(event.currentTarget.value)}>
        <option value="">a route …</option>
        {[...routes.keys()].map(id => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Where the id of each route stands, as far as the text can be read. */
function offsetsOf(text: string): ReadonlyMap<string, number> {
  const root = parseTree(text)
  const routes = (root && findNodeAtLocation(root, ['routes'])?.children) ?? []
  const ids = routes.flatMap(route => findNodeAtLocation(route, ['id']) ?? [])
  return new Map(ids.map(node => [String(getNodeValue(node)), node.offset]))
}

function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
