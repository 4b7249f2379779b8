import type { Discovery } from '../../../admin/schemas.ts'
import { Empty, Time } from '../components/index.ts'
import { countOf } from './count.ts'

interface UnmatchedProps {
  readonly unmatched: Discovery['unmatched']
  readonly others: number
}

/** Paths that callers used and no route matches, by volume. */
export function Unmatched({ unmatched, others }: UnmatchedProps) {
  return (
    <section aria-labelledby="unmatched">
      <h2 id="unmatched">Asked for, and no route matches</h2>
      <p class="quiet">
        The gateway relays these to the legacy backend as they are. To move one, give it a route in the configuration.
      </p>
      {unmatched.length === 0 ? (
        <Empty>
          Nothing in the last 24 hours: every request matched a route
          {others === 0 ? '' : `, but for ${countOf(others, 'request')} of paths too rare to be listed`}.
        </Empty>
      ) : (
        <table class="stacked">
          <caption class="visually-hidden">Paths that no route matches, by volume</caption>
          <thead>
            <tr>
              <th scope="col">Method</th>
              <th scope="col">Path</th>
              <th scope="col" class="number">
                Requests, 24 h
              </th>
              <th scope="col" class="number">
                Callers, 24 h
              </th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {unmatched.map(({ method, path, requests, callers, lastAt }) => (
              <tr key={`${method} ${path}`}>
                <td data-label="Method">{method}</td>
                <td data-label="Path">
                  <code class="path">{path}</code>
                </td>
                <td data-label="Requests, 24 h" class="number">
                  {countOf(requests)}
                </td>
                <td data-label="Callers, 24 h" class="number">
                  {countOf(callers)}
                </td>
                <td data-label="Last">
                  <Time at={lastAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {unmatched.length > 0 && others > 0 && (
        <p class="quiet">And {countOf(others, 'request')} of other paths that are not listed.</p>
      )}
    </section>
  )
}
