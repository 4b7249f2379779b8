import { randomUUID } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { durableFiles, failureOf } from '../storage/files.ts'
import { CliError, EXIT, usage } from './errors.ts'

const NEW_MODE = 0o644

/**
 * The text of a file that an argument names.
 *
 * @param what the file is, such as `the configuration`.
 * @throws CliError when it cannot be read.
 */
export async function textOf(file: string, what: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw usage(`${what} "${file}" cannot be read (${failureOf(error)})`)
  })
}

/**
 * Puts a text in a file's place in one step: with the mode of what was there, behind whatever symlinks lead to it.
 *
 * @throws CliError when it cannot be written; then the file is as it was.
 */
export async function replaceText(file: string, text: string): Promise<void> {
  try {
    const path = await realpath(file).catch(() => file)
    const mode = await stat(path).then(
      stats => stats.mode & 0o777,
      () => NEW_MODE
    )
    const next = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
    await durableFiles.write(next, text, mode)
    await durableFiles.move(next, path)
  } catch (error) {
    throw new CliError(EXIT.refused, 'refused', `"${file}" cannot be written (${failureOf(error)}): nothing was done`)
  }
}
