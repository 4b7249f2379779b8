import type { EventEmitter } from 'node:events'
import type { Actor, FieldChange } from '../audit/entry.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { Edit } from './edits.ts'
import type { ConfigHistory, RevisionRecord } from './history.ts'
import type { ConfigProblem } from './problem.ts'
import type { RoutingConfig } from './schema.ts'

export type { Actor, FieldChange } from '../audit/entry.ts'

/** A configuration that was accepted, with the table compiled from it. */
export interface Revision {
  /** Every accepted change makes the next; counting goes on over restarts. */
  readonly number: number
  /** The first 12 hexadecimal digits of the SHA-256 of the text. */
  readonly digest: string
  readonly text: string
  readonly table: RoutingTable
  readonly config: RoutingConfig
  /** When this process took it over. */
  readonly loadedAt: Date
}

export interface Change {
  /** The number of the revision that the change was made for. */
  readonly expected: number
  /** May throw an EditError. */
  readonly edit: Edit
  readonly actor: Actor
  /** May be empty where no route is exposed more than before. */
  readonly reason: string
  /** JSON for the audit: numbers, nothing of patients. */
  readonly evidence?: unknown
  /** The lease that the change is made under, where replicas share the store; it is refused when that was taken over. */
  readonly fence?: number | undefined
}

/** Everything but `applied` has changed nothing. */
export type ChangeResult =
  | { readonly outcome: 'applied'; readonly revision: Revision }
  | { readonly outcome: 'unchanged'; readonly revision: Revision }
  /** Another revision came before; `changes` is what became different since the one expected, as far as it is kept. */
  | { readonly outcome: 'stale'; readonly current: Revision; readonly changes: readonly FieldChange[] }
  | { readonly outcome: 'invalid'; readonly problems: readonly ConfigProblem[] }
  /** A reason is missing, the edit cannot be made, or the change cannot be recorded. */
  | { readonly outcome: 'refused'; readonly message: string }

/** What an edit of the revision that serves would come to. */
export type Preview =
  | {
      readonly outcome: 'valid'
      readonly text: string
      readonly digest: string
      readonly config: RoutingConfig
      readonly table: RoutingTable
      readonly changes: readonly FieldChange[]
      /** How routes would be exposed more, as sentence parts; any of them asks for a reason. */
      readonly raises: readonly string[]
    }
  | Exclude<ChangeResult, { readonly outcome: 'applied' | 'stale' }>

export interface ConfigEvents {
  /** A changed configuration was accepted and serves from now on. */
  revision: [Revision, RevisionRecord]
  /** The file changed and cannot be used; the current revision stays. */
  refused: [readonly ConfigProblem[]]
  /** The file, refused before, is the current revision's again. */
  mended: [Revision]
}

export interface ConfigStore extends EventEmitter<ConfigEvents> {
  /** The revision that serves. */
  readonly current: Revision
  /** What is wrong with the file as it stands now; empty when nothing is. */
  readonly problems: readonly ConfigProblem[]
  /** The last time that a changed file was judged, and whether it was good. */
  readonly lastReload: { readonly at: Date; readonly successful: boolean }
  /** Why changes are refused whatever they are: they cannot be recorded. Undefined while they can, as far as is known. */
  readonly unrecordable: string | undefined
  readonly history: ConfigHistory
  /** What an edit of the current revision would come to. Changes nothing. */
  preview(edit: Edit): Preview
  /**
   * Changes the configuration: the file, what serves, history and audit, or none of them. One change at a time; an edit
   * of the file that was not noticed yet comes first. Never rejects.
   */
  change(change: Change): Promise<ChangeResult>
  /** Reads the file now (for SIGHUP). Never rejects: what is wrong is in `problems`. */
  reload(): Promise<void>
  /** Stops watching, and refuses changes. */
  close(): void
}
