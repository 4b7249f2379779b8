import { basename, join } from 'node:path'
import type { Audit } from '../audit/audit.ts'
import { type Files, durableFiles } from '../storage/files.ts'
import { readContent } from './config-file.ts'
import type { ConfigStore } from './config-store.ts'
import { FileConfigStore, type FileStoreOptions } from './file-store.ts'
import { FileHistory } from './history.ts'
import { judge } from './judge.ts'
import { ConfigInvalidError } from './problem.ts'
import { Recorder } from './recorder.ts'

export type * from './config-store.ts'

export interface ConfigStoreOptions extends FileStoreOptions {
  /** Where the history is kept, in `revisions`; made when it is not there. */
  readonly directory: string
  readonly audit: Audit
  readonly files?: Files
}

/**
 * Opens a configuration file and follows its changes: a good one serves within a second of its save, a bad one
 * changes nothing. A change that a crash interrupted is completed, or taken back when it was not audited yet.
 *
 * Where history and audit cannot be written, the file serves as it is, and every change is refused.
 *
 * @throws ConfigInvalidError when the file cannot be used; it lists every problem.
 */
export async function openConfigStore(options: ConfigStoreOptions): Promise<ConfigStore> {
  const { file, directory, audit, logger, now = Date.now, files = durableFiles } = options
  const history = new FileHistory(join(directory, 'revisions'), files)
  const recorder = new Recorder({ file, directory, history, audit, files, now, logger })
  const opening = await Promise.allSettled([recorder.open()])
  const content = await readContent(file)
  const accepted = judge(content, options)
  if (accepted.config === undefined) throw new ConfigInvalidError(basename(file), accepted.problems)

  const store = new FileConfigStore({ options, recorder, history, content, accepted })
  await store.start(accepted, opening[0])
  return store
}
