import { useState } from 'preact/hooks'
import type { Discovery } from '../../../admin/schemas.ts'
import { Empty, Time } from '../components/index.ts'
import { Link } from '../router.ts'
import { countOf } from './count.ts'

const DEFAULT_DAYS = 7
const MOST_DAYS = 3650

/** Routes with an upstream that nobody has asked for in so many days: what to switch off. */
export function Unused({ routes }: { readonly routes: Discovery['unused'] }) {
  const [days, setDays] = useState(DEFAULT_DAYS)
  const idle = routes.filter(route => route.days >= days)
  const longest = Math.max(0, ...routes.map(route => route.days))
  const choose = (typed: string) => {
    const chosen = Number(typed)
    if (typed !== '' && chosen >= 0 && chosen <= MOST_DAYS) setDays(chosen)
  }
  return (
    <section aria-labelledby="unused">
      <h2 id="unused">Legacy routes that nobody uses</h2>
      <p class="quiet">
        <label>
          Without a request for{' '}
          <input
            type="number"
            min={0}
            max={MOST_DAYS}
            step="any"
            class="days"
            value={days}
            onInput={event => choose(event.currentTarget.value)}
          />{' '}
          days or more
        </label>
      </p>
      <p role="status" class="quiet">
        {countOf(idle.length)} of {countOf(routes.length, 'route')}
      </p>
      {idle.length === 0 ? (
        <Empty>
          None. The longest that a route has been without a request is {daysOf(longest)}, counted at most since requests
          are watched.
        </Empty>
      ) : (
        <table class="stacked">
          <caption class="visually-hidden">Routes that nobody asks for, the longest first</caption>
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col">Methods and paths</th>
              <th scope="col">Last request</th>
              <th scope="col" class="number">
                Days without
              </th>
            </tr>
          </thead>
          <tbody>
            {idle.map(({ route, methods, paths, lastAt, days: without }) => (
              <tr key={route}>
                <th scope="row" data-label="Route">
                  <Link href={`/routes/${encodeURIComponent(route)}`}>{route}</Link>
                </th>
                <td data-label="Paths">
                  {methods.join(', ')} <code class="path">{paths.join(' ')}</code>
                </td>
                <td data-label="Last request">{lastAt === undefined ? 'never since watched' : <Time at={lastAt} />}</td>
                <td data-label="Days without" class="number">
                  {daysOf(without)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function daysOf(days: number): string {
  if (days < 1) return 'less than a day'
  return countOf(Math.floor(days), 'day')
}
