import { ObjectId } from 'mongodb'
import { expect } from 'vitest'
import { type Answer, type Client, textAt } from './client.ts'
import type { Account } from './context.ts'

/** What the clinical routes' tests have in common. */

export const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
export const ID = expect.stringMatching(/^[0-9a-f]{24}$/)
/** The id of nothing. */
export const UNKNOWN = new ObjectId().toHexString()

/** A prompt through the API. Returns its id. */
export async function promptOf(call: Client, { token }: Account, fields: object = {}): Promise<string> {
  const body = { prompt_name: 'n', prompt_text: 'Summarise.', ...fields }
  return textAt(await call('POST', '/api/prompts/', { token, body }), 'data', '_id')
}

/** An answer with exactly this status and body. */
export function expectAnswer({ status, body, text }: Answer, expectedStatus: number, expectedBody: unknown): void {
  expect(status, text).toBe(expectedStatus)
  expect(body).toEqual(expectedBody)
}

/** The keys in the order in which a client reads them. */
export function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}
