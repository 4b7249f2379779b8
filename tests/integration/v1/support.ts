import { expect } from 'vitest'
import type { Answer } from '../services/support.ts'

/** The one shape of an error of /api/v1, with one code. */
export function refusal(status: number, code: string, details: readonly object[] = []): object {
  return { status, body: { error: { code, message: expect.any(String), details } } }
}

/** The paths of the fields that an answer finds wrong. */
export function wrongFields({ status, body }: Answer): unknown {
  expect({ status, body }).toMatchObject({ status: 422, body: { error: { code: 'validation_failed' } } })
  const { details } = fieldOf(body, 'error', isDetailed)
  return details.map(({ path }) => path)
}

/** The `data` of a success with this status. */
export function dataOf(answer: Answer, status = 200): Record<string, unknown> {
  expect(answer).toMatchObject({ status, body: { data: expect.anything() } })
  return fieldOf(answer.body, 'data', isRecord)
}

/** The items of a page and the way to the next. */
export function pageOf(answer: Answer): { items: Record<string, unknown>[]; next: string | null } {
  expect(answer).toMatchObject({ status: 200, body: { page: { limit: expect.any(Number) } } })
  const items = fieldOf(answer.body, 'data', isRecords)
  const { nextCursor } = fieldOf(answer.body, 'page', isRecord)
  return { items, next: typeof nextCursor === 'string' ? nextCursor : null }
}

function fieldOf<T>(body: unknown, name: string, is: (value: unknown) => value is T): T {
  const value: unknown = isRecord(body) ? body[name] : undefined
  if (!is(value)) throw new TypeError(`the answer has no such ${name}`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isRecords(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isRecord)
}

function isDetailed(value: unknown): value is { details: { path: string }[] } {
  return isRecord(value) && Array.isArray(value['details'])
}
