import { Button } from '../components/index.ts'
import type { AuditFilter } from './query.ts'

interface FiltersProps {
  readonly filter: AuditFilter
  /** What can be chosen from; anything else can be typed. */
  readonly known: Readonly<Record<keyof AuditFilter, readonly string[]>>
  readonly onChange: (filter: AuditFilter) => void
}

const FIELDS = [
  ['route', 'Route', 'notes.list'],
  ['actor', 'Who', 'name of a credential'],
  ['action', 'Action', 'config.change']
] as const

/** Asks for entries of one route, of one person, of one kind of action. */
export function Filters({ filter, known, onChange }: FiltersProps) {
  const submit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const field = (name: keyof AuditFilter) => {
      const value = form.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    onChange({ route: field('route'), actor: field('actor'), action: field('action') })
  }
  return (
    <form class="audit-filters" role="search" aria-label="Filter the audit" onSubmit={submit}>
      {FIELDS.map(([name, label, example]) => (
        <label key={name}>
          {label}
          <input
            name={name}
            list={`audit-${name}`}
            placeholder={example}
            defaultValue={filter[name]}
            key={filter[name]}
          />
          <datalist id={`audit-${name}`}>
            {known[name].map(value => (
              <option key={value} value={value} />
            ))}
          </datalist>
        </label>
      ))}
      <Button type="submit" kind="primary">
        Filter
      </Button>
      <Button onClick={() => onChange({ route: '', actor: '', action: '' })}>Show all</Button>
    </form>
  )
}
