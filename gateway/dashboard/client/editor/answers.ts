import type { Invalid, Stale } from '../../../admin/schemas.ts'

/*
 * The details of the admin API's problem answers.
 */

/** What is wrong with a configuration, of the answer that says so; undefined for any other answer. */
export function problemsOf(body: unknown): Invalid['problems'] | undefined {
  return isProblem<Invalid>(body, 'invalid') ? body.problems : undefined
}

/** What serves now and what changed until then, of the answer that refuses a stale change; undefined for any other. */
export function staleOf(body: unknown): Stale | undefined {
  return isProblem<Stale>(body, 'stale') ? body : undefined
}

function isProblem<T extends { readonly error: string }>(body: unknown, code: T['error']): body is T {
  return typeof body === 'object' && body !== null && 'error' in body && body.error === code
}
