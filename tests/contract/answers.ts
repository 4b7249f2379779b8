import etag from 'etag'
import { expect } from 'vitest'
import type { Answer } from './client.ts'

export const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
export const ID = expect.stringMatching(/^[0-9a-f]{24}$/)

/** Holds an answer against what a client sees of it: status, type, length, ETag, and the body, its fields in this order. */
export function expectAnswer({ status, headers, text, body }: Answer, expectedStatus: number, expected: unknown): void {
  expect({ status, body }).toEqual({ status: expectedStatus, body: expected })
  expect(fieldsOf(body, expected)).toEqual(fieldsOf(expected, expected))
  expect({ type: headers['content-type'], length: headers['content-length'], etag: headers['etag'] }).toEqual({
    type: 'application/json; charset=utf-8',
    length: String(Buffer.byteLength(text)),
    etag: etag(text, { weak: true })
  })
}

/** The names of the fields in their order, as deep as `expected` spells them out. */
function fieldsOf(value: unknown, expected: unknown): unknown {
  if (Array.isArray(expected)) return Array.isArray(value) ? value.map((each, at) => fieldsOf(each, expected[at])) : []
  if (!isPlain(expected) || !isPlain(value)) return undefined
  return Object.keys(value).map(name => [name, fieldsOf(value[name], expected[name])])
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
