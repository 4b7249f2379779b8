import { Value } from '@sinclair/typebox/value'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { CreatedCredentialSchema } from '../../gateway/admin/schemas.ts'

/** The admin API as an operator uses it, beside the browser. */
export interface Operator {
  readonly credential: string
  /** For the revision that serves. @throws Error with the answer when it is no success */
  ask(call: `${string} /${string}`, body?: object): Promise<unknown>
}

/** Makes a credential for somebody; the one of the first start ends with the first operator's. */
export async function newCredential(by: Operator, name: string, role: 'operator' | 'viewer'): Promise<string> {
  return Value.Parse(CreatedCredentialSchema, await by.ask('POST /credentials', { name, role })).credential
}

export function operatorWith(adminUrl: string, credential: string): Operator {
  const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
  return {
    credential,
    async ask(call, body) {
      const [method = '', path = ''] = call.split(' ')
      const current = await fetch(`${adminUrl}/api/config`, { headers })
      const answer = await fetch(`${adminUrl}/api${path}`, {
        method,
        headers: { ...headers, 'if-match': current.headers.get('etag') ?? '' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${call}: ${answer.status} ${text}`)
      return JSON.parse(text)
    }
  }
}

/** The credential that a gateway printed at its first start. */
export function printedCredential(lines: readonly string[]): string {
  const credential = /sgw_\S+/.exec(lines.join('\n'))?.[0]
  if (credential === undefined) throw new Error('no credential was printed')
  return credential
}

export interface OpenOptions extends BrowserContextOptions {
  readonly adminUrl: string
  /** Absent: nobody signs in. */
  readonly credential?: string
  /** Below /dashboard. */
  readonly path: string
}

/**
 * A page of the dashboard in a browser profile of its own; close it with its context.
 *
 * @param complaints takes what the page does that it must not: errors that nobody caught, breaches of its policy
 */
export async function openDashboard(browser: Browser, options: OpenOptions, complaints: string[] = []): Promise<Page> {
  const { adminUrl, credential, path, ...rest } = options
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...rest })
  if (credential !== undefined) {
    const answer = await context.request.post(`${adminUrl}/dashboard/session`, {
      headers: { origin: adminUrl },
      data: { credential }
    })
    if (answer.status() !== 204) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`)
  }
  const page = await context.newPage()
  page.on('pageerror', error => complaints.push(`${path}: ${error.message}`))
  page.on('console', message => {
    if (message.text().includes('Content Security Policy')) complaints.push(`${path}: ${message.text()}`)
  })
  await page.goto(`${adminUrl}/dashboard${path}`)
  return page
}
