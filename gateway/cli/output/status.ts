import type { Status } from '../../admin/schemas.ts'
import { count, sides, time } from './format.ts'
import type { Paint } from './paint.ts'
import { listOf } from './table.ts'

/** All of the gateway at a glance. */
export function statusText(status: Status, url: string, paint: Paint): string {
  const { version, revision, readiness, totals } = status
  const isReady = readiness.status === 'ready'
  const rollouts = Object.entries(totals.rollouts).filter(([, groups]) => groups > 0)
  const breakers = count(totals.breakersOpen, 'breaker')
  return listOf(
    [
      ['gateway', `${version} at ${url}, ${paint(isReady ? 'green' : 'red', readiness.status)}`],
      ['revision', `${revision.number} (${revision.digest}), in force here since ${time(revision.loadedAt)}`],
      ...driftOf(status, paint),
      ['kill switch', status.killSwitch ? paint('red', 'on: every shared route is on legacy') : 'off'],
      ['routes', `${totals.routes} routes: ${totals.shared} shared, ${totals.nativeOnly} native only`],
      ['weights', `${totals.at0} at 0 %, ${totals.between} between, ${totals.at100} at 100 %, ${totals.killed} killed`],
      ['rollouts', rollouts.map(([phase, groups]) => `${count(groups, 'group')} ${phase}`).join(', ') || 'none'],
      ['breakers', totals.breakersOpen === 0 ? 'all closed' : paint('red', `${breakers} not closed`)],
      ['last minute', sides(totals.requests.minute)],
      ['last hour', sides(totals.requests.hour)],
      ...readiness.checks.map(({ name, ok, why = '', advisory = false }): [string, string] => {
        const failed = `${paint(advisory ? 'yellow' : 'red', 'failing')}${why === '' ? '' : `: ${why}`}`
        return [name, ok ? paint('green', 'ok') : failed]
      })
    ],
    paint
  )
}

function driftOf({ drift }: Status, paint: Paint): [string, string][] {
  if (drift === undefined) return []
  const { file, fields } = drift
  if (fields === undefined) return [['drift', paint('yellow', `${file} of this replica cannot be read`)]]
  const differs = `${file} differs in ${count(fields, 'field')}: gateway export, or gateway apply`
  return [['drift', fields === 0 ? `none: ${file} is what the store holds` : paint('yellow', differs)]]
}
