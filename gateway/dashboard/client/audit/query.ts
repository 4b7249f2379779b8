/** Which entries are asked for; empty: all. */
export interface AuditFilter {
  readonly route: string
  readonly actor: string
  readonly action: string
}

/** The filter of a page's address, such as `?route=notes.list`. */
export function filterOf(search: string): AuditFilter {
  const query = new URLSearchParams(search)
  return { route: query.get('route') ?? '', actor: query.get('actor') ?? '', action: query.get('action') ?? '' }
}

/** The filter as a query with what is not empty, and with `rest`: without a question mark. */
export function queryOf(filter: AuditFilter, rest: Readonly<Record<string, string>> = {}): string {
  const named = Object.entries({ ...filter, ...rest }).filter(([, value]) => value.trim() !== '')
  return new URLSearchParams(named.map(([name, value]) => [name, value.trim()])).toString()
}

export function isEmpty({ route, actor, action }: AuditFilter): boolean {
  return route === '' && actor === '' && action === ''
}
