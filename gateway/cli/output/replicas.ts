import type { ReplicaView } from '../../admin/schemas.ts'
import { time } from './format.ts'
import type { Paint } from './paint.ts'
import { tableOf } from './table.ts'

/** The gateways that share the routing store. */
export function replicasText(replicas: readonly ReplicaView[], paint: Paint): string {
  if (replicas.length === 0) return 'This gateway stands alone: its routing store is the file.'
  const newest = Math.max(...replicas.map(({ revision }) => revision))
  const rows = replicas.map(({ name, version, revision, digest, leads, at, silent, breakers }) => [
    paint('bold', name),
    `${revision} (${digest})${revision < newest ? paint('yellow', ' behind') : ''}`,
    silent ? paint('red', `silent since ${time(at)}`) : paint('green', 'heard'),
    leads ? 'leads the rollouts' : '',
    Object.entries(breakers)
      .map(([route, status]) => `${route} ${status}`)
      .join(', ') || 'all closed',
    version
  ])
  const columns = ['replica', 'revision', 'state', 'leader', 'breakers', 'version'].map(name => ({ name }))
  return tableOf(columns, rows, paint)
}
