import { readFile } from 'node:fs/promises'
import { failureOf } from '../storage/files.ts'
import { usage } from './errors.ts'

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
