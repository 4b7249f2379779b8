import { readFileSync } from 'node:fs'
import { failureOf } from './storage/files.ts'

/** The variables that may stand in a file, as container managers hand secrets over. */
export const SECRETS = [
  'MONGODB_URI',
  'ROUTING_MONGODB_URI',
  'JWT_SECRET',
  'OVERRIDE_CREDENTIAL',
  'OPENAI_API_KEY',
  'NHS_CLIENT_ID',
  'NHS_CLIENT_SECRET',
  'EVENT_WEBHOOK_SECRET',
  'OTEL_EXPORTER_OTLP_HEADERS'
] as const

export interface SecretFiles {
  /** The environment, with what the files hold. */
  readonly env: NodeJS.ProcessEnv
  /** Sentences without the value of any secret, by the name of the variable that could not be had. */
  readonly problems: ReadonlyMap<string, string>
}

/**
 * Reads each `NAME_FILE` of a secret into `NAME`, without the line feeds at its end. An empty `NAME_FILE` counts as none;
 * a file that is there has to hold something.
 */
export function withSecretFiles(env: NodeJS.ProcessEnv): SecretFiles {
  const filled = { ...env }
  const problems = new Map<string, string>()
  for (const name of SECRETS) {
    const variable = `${name}_FILE`
    const file = env[variable]
    if (!file) continue
    if (env[name]) {
      problems.set(name, `${name} and ${variable} are both set: expected one of them`)
      continue
    }
    try {
      filled[name] = secretIn(file)
    } catch (error) {
      problems.set(name, `${variable} is wrong: "${file}" ${whyNot(error)}, expected the path of a file with ${name}`)
    }
  }
  return { env: filled, problems }
}

class EmptyFile extends Error {}

/** As the shell's `$(cat file)` has it, so that others who read the same file have the same secret. */
function secretIn(file: string): string {
  const secret = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '')
  if (secret.trim() === '') throw new EmptyFile()
  return secret
}

function whyNot(error: unknown): string {
  return error instanceof EmptyFile ? 'is empty' : `cannot be read (${failureOf(error)})`
}
