import type { FieldChange } from '../../../admin/schemas.ts'
import { Empty } from './page.tsx'

/** What a change of the configuration changes, field by field. */
export function Changes({ changes }: { readonly changes: readonly FieldChange[] }) {
  if (changes.length === 0) return <Empty>Nothing is changed.</Empty>
  return (
    <ul class="changes">
      {changes.map(({ path, from, to }) => (
        <li key={path}>
          <code class="path">{path}</code> <del>{textOf(from)}</del>
          <span aria-hidden="true"> → </span>
          <ins>{textOf(to)}</ins>
        </li>
      ))}
    </ul>
  )
}

function textOf(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
