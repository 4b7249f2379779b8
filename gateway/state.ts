import type { CredentialStorage } from './admin/credentials.ts'
import { CredentialFile } from './admin/credential-file.ts'
import { type Audit, openAudit } from './audit/audit.ts'
import { type ConfigStore, type ConfigStoreOptions, openConfigStore } from './config/store.ts'
import type { Replicas } from './replication/replicas.ts'
import { type ControllerOptions, openController } from './rollout-controller/controller.ts'
import type { RolloutController } from './rollout-controller/orders.ts'
import { RolloutFile } from './rollout-controller/rollout-file.ts'
import type { Files } from './storage/files.ts'
import { lockDirectory } from './storage/lock.ts'

/** What a controller needs beside the state. */
export type ControllerParts = Omit<ControllerOptions, 'store' | 'audit' | 'records' | 'fence' | 'collect'>

/** All that has to outlive a process: in the files of one gateway, or in the database of several. */
export interface State {
  readonly store: ConfigStore
  readonly audit: Audit
  readonly credentials: CredentialStorage
  /** What the replicas tell of themselves; absent where there is only this one. */
  readonly replicas?: Replicas
  /** Does this process run the rollouts now? */
  leads(): boolean
  openRollouts(parts: ControllerParts): Promise<RolloutController>
  /** To be called when nothing is changed any more. */
  close(): Promise<void>
}

export interface FileStateOptions extends Omit<ConfigStoreOptions, 'audit'> {
  readonly files: Files
}

/**
 * The state of a gateway that stands alone, in its state directory.
 *
 * @throws DirectoryInUseError when another process has the directory, and ConfigInvalidError.
 */
export async function openFileState(options: FileStateOptions): Promise<State> {
  const { directory, logger, files } = options
  const unlock = await lockDirectory(directory)
  const audit = await openAudit({ directory, logger, files })
  const store = await openConfigStore({ ...options, audit })
  return {
    store,
    audit,
    leads: () => true,
    credentials: new CredentialFile({ directory, audit, files }),
    openRollouts: parts =>
      openController({ ...parts, store, audit, records: new RolloutFile({ directory, files, logger }) }),
    async close() {
      store.close()
      await unlock()
    }
  }
}
