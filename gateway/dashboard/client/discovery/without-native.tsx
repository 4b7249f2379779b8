import type { Discovery } from '../../../admin/schemas.ts'
import { Empty, Time } from '../components/index.ts'
import { Link } from '../router.ts'
import { countOf } from './count.ts'

/** Routes that are configured and that no native service serves yet, by volume. */
export function WithoutNative({ routes }: { readonly routes: Discovery['withoutNative'] }) {
  return (
    <section aria-labelledby="without-native">
      <h2 id="without-native">Routes without a native service</h2>
      <p class="quiet">What to migrate next: the more requests, the more of the legacy backend it takes away.</p>
      {routes.length === 0 ? (
        <Empty>None: a native service stands behind every route.</Empty>
      ) : (
        <table class="stacked">
          <caption class="visually-hidden">Routes without a native service, by volume</caption>
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col">Methods and paths</th>
              <th scope="col" class="number">
                Requests, 24 h
              </th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {routes.map(({ route, methods, paths, requests, lastAt }) => (
              <tr key={route}>
                <th scope="row" data-label="Route">
                  <Link href={`/routes/${encodeURIComponent(route)}`}>{route}</Link>
                </th>
                <td data-label="Paths">
                  {methods.join(', ')} <code class="path">{paths.join(' ')}</code>
                </td>
                <td data-label="Requests, 24 h" class="number">
                  {countOf(requests)}
                </td>
                <td data-label="Last">{lastAt === undefined ? 'not seen' : <Time at={lastAt} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
