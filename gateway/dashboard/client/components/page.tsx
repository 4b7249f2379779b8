import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'

interface PageProps {
  readonly title: string
  readonly lead?: ComponentChildren
  readonly actions?: ComponentChildren
  readonly children?: ComponentChildren
}

/** A page with its title, which the browser's window has too. */
export function Page({ title, lead, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} – Scribe gateway`
  }, [title])
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <h1>{title}</h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
        </div>
        {actions}
      </div>
      {children}
    </div>
  )
}

const MARKS = { info: 'ℹ', warning: '▲', error: '✖', success: '✔' } as const

interface NoticeProps {
  readonly kind: keyof typeof MARKS
  readonly children?: ComponentChildren
}

/** A message that is read out when it comes. */
export function Notice({ kind, children }: NoticeProps) {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <span class="mark" aria-hidden="true">
        {MARKS[kind]}
      </span>
      <div>{children}</div>
    </div>
  )
}

/** Says why there is nothing. */
export function Empty({ children }: { readonly children?: ComponentChildren }) {
  return <p class="empty">{children}</p>
}
