import type { ApiOptions } from './context.ts'
import { usage } from './errors.ts'
import { textOf } from './text-file.ts'

const DEFAULT_URL = 'http://127.0.0.1:8081'

/** Where the admin API is, and who asks. */
export interface Access {
  /** Without a slash at its end. */
  readonly url: string
  readonly credential: string
}

/**
 * Options come before the environment.
 *
 * @throws CliError when the URL is none, or there is no credential.
 */
export async function accessOf(env: NodeJS.ProcessEnv, options: ApiOptions): Promise<Access> {
  const { url = env['GATEWAY_ADMIN_URL'] ?? DEFAULT_URL, credentialFile } = options
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || /[?#]/.test(url)) {
    throw usage(`the URL of the admin API: found "${url}", expected one such as ${DEFAULT_URL}`)
  }
  return { url: parsed.href.replace(/\/+$/, ''), credential: await credentialOf(env, credentialFile) }
}

async function credentialOf(env: NodeJS.ProcessEnv, given: string | undefined): Promise<string> {
  const { GATEWAY_CREDENTIAL: own, GATEWAY_CREDENTIAL_FILE: named } = env
  const credential = given === undefined && own ? own.trim() : await contentOf(given ?? named)
  // What a header cannot carry would be told as a failed connection.
  if (!/^[\x21-\x7e]+$/.test(credential)) throw usage('the credential: expected one line of visible characters')
  return credential
}

async function contentOf(file: string | undefined): Promise<string> {
  if (file === undefined || file === '') {
    throw usage(
      'a credential is missing: set GATEWAY_CREDENTIAL, or name a file that holds one by GATEWAY_CREDENTIAL_FILE or ' +
        '--credential-file (the first start of the gateway prints one)'
    )
  }
  const text = await textOf(file, 'the credential file')
  return text.trim()
}
