import { readFile, rename, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { parseRoutingConfig } from '../gateway/config/parse.ts'
import { failureOf } from '../gateway/storage/files.ts'
import { nativeModules } from '../services/index.ts'
import { nginxConfig } from './config.ts'
import { readSettings, SettingsError, SettingsSchema } from './settings.ts'

const EXIT_MISUSE = 2

const HELP = `usage: node nginx/render.ts [--output <file>] [routing.config.json]

Prints nginx's configuration for the gateways, or writes it to a file. It is made from the routing configuration and
the environment:

${Object.entries(SettingsSchema.properties)
  .map(([name, { description, default: initial }]) => {
    const fallback = initial === undefined ? 'required' : `default: ${String(initial) || 'none'}`
    return `  ${name}\n      ${description} (${fallback})`
  })
  .join('\n')}
`

async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { help: { type: 'boolean', short: 'h' }, output: { type: 'string', short: 'o' } },
    allowPositionals: true
  })
  if (values.help === true) {
    process.stdout.write(HELP)
    return
  }
  const [file = env['ROUTING_CONFIG'] || 'routing.config.json'] = positionals
  const settings = readSettings(env)
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new SettingsError(`"${file}" cannot be read (${failureOf(error)})`)
  })
  const { config, problems } = parseRoutingConfig(text, new Set(nativeModules.map(({ name }) => name)), basename(file))
  if (config === undefined) throw new SettingsError(problems.map(({ message }) => message).join('\n'))
  const rendered = nginxConfig(config, settings)
  if (values.output === undefined) process.stdout.write(rendered)
  else await replace(values.output, rendered)
}

/** An nginx that is reloaded meanwhile sees the old one or the new one. */
async function replace(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.next`, text)
    await rename(`${file}.next`, file)
  } catch (error) {
    throw new SettingsError(`"${file}" cannot be written (${failureOf(error)})`)
  }
}

try {
  await main(process.argv.slice(2), process.env)
} catch (error) {
  const isExpected = error instanceof SettingsError || error instanceof TypeError
  process.stderr.write(`${isExpected ? error.message : String(error)}\n`)
  process.exitCode = EXIT_MISUSE
}
