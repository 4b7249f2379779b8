import { type Static, Type } from '@sinclair/typebox'

/** An answer; its body need only hold what stands here, at any depth. */
const Answer = Type.Object({
  kind: Type.Literal('answer'),
  /** 101: the WebSocket opens. */
  status: Type.Integer({ minimum: 101, maximum: 599 }),
  body: Type.Optional(Type.Record(Type.String(), Type.Unknown()))
})
/** The client hangs until something times out. */
const Silence = Type.Object({ kind: Type.Literal('silence') })
/** The process ends and the connection with it. */
const Crash = Type.Object({ kind: Type.Literal('crash') })
/** What is found in the database afterwards. */
const Stored = Type.Object({ kind: Type.Literal('stored'), value: Type.Unknown() })

export const Outcome = Type.Union([Answer, Silence, Crash, Stored])
export type Outcome = Static<typeof Outcome>

/** The rules of the contract by which the native services differ, in its order, and one of what they add to it. */
export const RULES = {
  answered: 'every request gets an answer',
  logout: 'a logged out token is refused everywhere, from then on',
  ownership: "another clinician's documents are as if they did not exist",
  malformed: 'malformed input is refused by name and ends no process, and a malformed id names nothing',
  promptFields: "a prompt's name, text and shareability can be changed, and nothing else",
  noteReference: "a deleted note leaves its consultation's notes",
  summarise: 'summaries work, and are stored',
  secrecy: 'no stack trace, driver message or credential ever reaches a client',
  passwords: 'passwords have a least length and bcrypt reads 72 bytes; a cheap hash is upgraded at the next login',
  completions: 'a completion that is not what was asked for is read as far as it makes sense'
} as const

export const IntendedDifference = Type.Object({
  id: Type.String({ pattern: '^[a-z0-9.-]+$' }),
  /** Its id in routing.config.json, which says its methods and paths. */
  route: Type.String(),
  /** The request, or the state it meets, for which the sides differ. */
  what: Type.String(),
  legacy: Outcome,
  native: Outcome,
  /**
   * JSON pointers to what differs in two answers of one status, `*` for any index; the empty pointer is the whole body.
   * Missing where the status differs, and the body with it, or where there is nothing in the answers to see.
   */
  fields: Type.Optional(Type.Array(Type.String({ pattern: '^(/.*)?$' }), { minItems: 1 })),
  rule: Type.KeyOf(Type.Object(Object.fromEntries(Object.keys(RULES).map(name => [name, Type.Null()])))),
  /** Where the rule alone does not say it. */
  why: Type.Optional(Type.String())
})
export type IntendedDifference = Static<typeof IntendedDifference> & { readonly rule: keyof typeof RULES }

export function answer(status: number, body?: Record<string, unknown>): Outcome {
  return body === undefined ? { kind: 'answer', status } : { kind: 'answer', status, body }
}

export function stored(value: unknown): Outcome {
  return { kind: 'stored', value }
}

export const silence: Outcome = { kind: 'silence' }
export const crash: Outcome = { kind: 'crash' }
export const invalid = answer(422, { error: 'validation' })
