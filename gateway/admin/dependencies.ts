import type { IncomingMessage } from 'node:http'
import type { Audit } from '../audit/audit.ts'
import type { Breakers } from '../breaker/breakers.ts'
import type { CallerIdentity } from '../caller-identity.ts'
import type { Clock } from '../clock.ts'
import type { ConfigStore } from '../config/store.ts'
import type { Events } from '../events/events.ts'
import type { Replicas } from '../replication/replicas.ts'
import type { RolloutController } from '../rollout-controller/orders.ts'
import type { Callers } from '../rollout/callers.ts'
import type { Evidence } from '../rollout/evidence.ts'
import type { Killed } from '../kill-file.ts'
import type { Unmatched } from '../telemetry/unmatched.ts'
import type { Usage } from '../telemetry/usage.ts'
import type { Credentials } from './credentials.ts'
import type { LastChanges } from './last-changes.ts'
import type { Live } from './live/live.ts'
import type { Readiness } from './readiness.ts'

/** What the admin API looks at and acts on. */
export interface ApiOptions extends Pick<Usage, 'traffic' | 'hourCallers' | 'progress' | 'routeRequests'> {
  readonly version: string
  readonly clock: Clock
  readonly store: ConfigStore
  readonly audit: Audit
  /** The state directory, where the audit is. */
  readonly directory: string
  readonly rollouts: RolloutController
  /** Absent where one gateway stands alone. */
  readonly replicas?: Replicas | undefined
  /** The path of the routing configuration file. */
  readonly configFile: string
  readonly evidence: Evidence
  readonly callers: Callers
  readonly breakers: Breakers
  readonly events: Events
  readonly unmatched: Unmatched
  readonly live: Live
  /** What a kill file on this machine sends upstream. */
  readonly killed: () => Killed
  readonly lastChanges: LastChanges
  readonly identity: CallerIdentity
  readonly credentials: Credentials
  readonly readiness: () => Promise<Readiness>
  /** The address of whoever sent a request. */
  readonly addressOf: (request: IncomingMessage) => string
}
