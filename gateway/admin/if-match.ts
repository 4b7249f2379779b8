import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConfigStore } from '../config/store.ts'
import { Problem } from './problem.ts'

/** How often a change for whatever revision serves is made again when another one came in between. */
const ATTEMPTS = 5

/** The entity tag (RFC 9110, section 8.8.3) of a revision, in the answer's `ETag`. */
export function tag(reply: FastifyReply, revision: number): void {
  reply.header('etag', `"${revision}"`)
}

/**
 * Makes a change for the revision that the request names in `If-Match`.
 *
 * @param isEmergency whether `*` will do, for what must not fail on a race: then another revision that comes in between
 * is no reason not to make the change.
 * @throws Problem when the request names none.
 */
export async function forRevision<T extends { readonly outcome: string }>(
  { headers }: FastifyRequest,
  { store, isEmergency }: { readonly store: ConfigStore; readonly isEmergency: boolean },
  change: (expected: number) => Promise<T>
): Promise<T> {
  const given = headers['if-match']?.trim()
  const current = store.current.number
  if (given === undefined || given === '') {
    throw new Problem(
      'precondition-required',
      `the header If-Match is missing: name the revision that the change is made for, such as If-Match: "${current}"`
    )
  }
  if (given === '*') {
    if (isEmergency) return forAnyRevision(store, change)
    throw new Problem(
      'precondition-required',
      `If-Match: * will do for a kill, a rollback and a pause only: name the revision, such as If-Match: "${current}"`
    )
  }
  const expected = /^"([1-9]\d{0,14})"$/.exec(given)?.[1]
  if (expected === undefined) {
    throw new Problem(
      'bad-request',
      `the header If-Match: expected one revision in quotes, as ETag has it, such as "${current}"`
    )
  }
  return change(Number(expected))
}

async function forAnyRevision<T extends { readonly outcome: string }>(
  store: ConfigStore,
  change: (expected: number) => Promise<T>
): Promise<T> {
  let result = await change(store.current.number)
  for (let attempt = 1; attempt < ATTEMPTS && result.outcome === 'stale'; attempt++) {
    result = await change(store.current.number)
  }
  return result
}
