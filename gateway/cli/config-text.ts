import { basename } from 'node:path'
import { nativeModules } from '../../services/index.ts'
import { type ParsedConfig, parseRoutingConfig } from '../config/parse.ts'
import { textOf } from './text-file.ts'

export type ReadConfig = ParsedConfig & { readonly text: string }

/** @throws CliError when the file cannot be read. */
export async function readConfig(file: string): Promise<ReadConfig> {
  return parsedConfig(await textOf(file, 'the configuration'), file)
}

/** What a text would be as the configuration of that file. */
export function parsedConfig(text: string, file: string): ReadConfig {
  const names = new Set(nativeModules.map(({ name }) => name))
  return { text, ...parseRoutingConfig(text, names, basename(file)) }
}
