import type { Actor, FieldChange, Revision } from '../config/store.ts'
import type { Verb } from '../rollout/state.ts'
import type { RolloutStatus } from './status.ts'

export interface Order {
  /** The name of a group, or the id of one of its routes: the group acts as one. */
  readonly target: string
  /** The number of the revision that the order was given for. */
  readonly expected: number
  readonly actor: Actor
  /** May be empty where no weight is raised. */
  readonly reason: string
  /** Of `set`, in percent. */
  readonly weight?: number
  /** Overrides what a refusal says that it may. */
  readonly force?: boolean
}

/** Everything but `applied` has changed nothing that callers could notice. */
export type ActResult =
  | { readonly outcome: 'applied'; readonly revision: Revision; readonly rollout: RolloutStatus }
  | { readonly outcome: 'stale'; readonly current: Revision; readonly changes: readonly FieldChange[] }
  | { readonly outcome: 'refused'; readonly message: string }
  | { readonly outcome: 'unknown'; readonly message: string }

export interface RolloutController {
  /** Does what a person asks for, or says why not. Never rejects. */
  act(verb: Verb, order: Order): Promise<ActResult>
  /** How every group stands, in the order of the configuration. */
  status(): RolloutStatus[]
  /** Resolves when everything that was begun is done. */
  settled(): Promise<void>
  /** Stops, and keeps what was measured. */
  close(): Promise<void>
}
