import { type AnchorHTMLAttributes, type ComponentChildren, h, type JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

const BASE = '/dashboard'
const MOVED = 'dashboard:moved'

/** Goes to a page of the dashboard. @param path below /dashboard, such as /routes/notes.list */
export function navigate(path: string): void {
  history.pushState(null, '', `${BASE}${path}`)
  scrollTo(0, 0)
  dispatchEvent(new Event(MOVED))
}

/** The path below /dashboard of the page that is shown. */
export function usePath(): string {
  const [path, setPath] = useState(currentPath)
  useEffect(() => {
    const moved = () => setPath(currentPath())
    addEventListener('popstate', moved)
    addEventListener(MOVED, moved)
    return () => {
      removeEventListener('popstate', moved)
      removeEventListener(MOVED, moved)
    }
  }, [])
  return path
}

function currentPath(): string {
  const path = location.pathname.slice(BASE.length).replace(/\/$/, '')
  return path === '' ? '/' : path
}

interface LinkProps extends Omit<AnchorHTMLAttributes, 'href'> {
  /** Below /dashboard. */
  readonly href: string
  readonly children?: ComponentChildren
}

/** A link to a page of the dashboard: an ordinary one, but a plain click loads nothing anew. */
export function Link({ href, children, ...rest }: LinkProps): JSX.Element {
  const go = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    navigate(href)
  }
  return h('a', { ...rest, href: `${BASE}${href}`, onClick: go }, children)
}
