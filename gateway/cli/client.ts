import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import * as api from '../admin/schemas.ts'
import type { Access } from './access.ts'
import { CliError, EXIT, type ExitCode } from './errors.ts'

const TIMEOUT_MS = 10_000
/** In an emergency it is better to know soon; but the gateway waits 5 s for its replicas. */
const EMERGENCY_TIMEOUT_MS = 8000

/** The revision that a change is made for, or `*` for whatever serves: in emergencies only. */
export type Match = number | '*'

interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: unknown
  readonly match?: Match
  readonly timeoutMs?: number
  /** Ends the call when nobody waits for it any more. */
  readonly signal?: AbortSignal
}

type Limits = Pick<Call, 'timeoutMs' | 'signal'>

export type PageQuery = {
  readonly limit: number
  /** Only lower numbers. */
  readonly before?: number | undefined
}
export type AuditQuery = PageQuery & {
  readonly route?: string | undefined
  readonly actor?: string | undefined
  readonly action?: string | undefined
}

/** The admin API. Every method rejects with a CliError that says what was wrong, and ends with the exit code for it. */
export type Client = ReturnType<typeof createClient>

/** @param access where the admin API is, and who asks. */
export function createClient(access: Access) {
  const ask = async <T extends TSchema>(schema: T, path: string, call: Call = {}): Promise<Static<T>> =>
    (await answerOf(access, schema, path, call)).body

  return {
    url: access.url,
    status: () => ask(api.StatusSchema, '/status'),
    replicas: () => ask(api.ReplicasSchema, '/replicas'),
    routes: (limits: Limits = {}) => ask(api.RoutesSchema, '/routes', limits),
    route: (id: string) => ask(api.RouteDetailSchema, `/routes/${encodeURIComponent(id)}`),
    rollouts: (limits: Limits = {}) => ask(api.RolloutsSchema, '/rollouts', limits),

    /** With the number of the revision that it is of. */
    async rollout(target: string) {
      const path = `/rollouts/${encodeURIComponent(target)}`
      const { body, revision } = await answerOf(access, api.RolloutStatusSchema, path, {})
      if (revision === undefined) throw notTheApi(access.url, 'an answer that names no revision')
      return { rollout: body, revision }
    },

    order: (verb: (typeof api.VERBS)[number], target: string, match: Match, body: api.Order) =>
      ask(api.OrderedSchema, `/rollouts/${encodeURIComponent(target)}/${verb}`, {
        method: 'POST',
        body,
        match,
        ...limitsFor(match)
      }),

    /** @param id of a route; without one the switch of the whole gateway. */
    kill: (id: string | undefined, match: Match, body: api.KillSwitch) =>
      ask(api.ChangedSchema, `${id === undefined ? '' : `/routes/${encodeURIComponent(id)}`}/kill-switch`, {
        method: 'PUT',
        body,
        match,
        ...limitsFor(match)
      }),

    plan: (change: api.PlanChange) => ask(api.PlanSchema, '/config/plan', { method: 'POST', body: { change } }),
    config: () => ask(api.ConfigSchema, '/config'),
    revision: (number: number) => ask(api.RevisionDetailSchema, `/config/revisions/${number}`),
    writeConfig: (match: Match, body: api.ConfigWrite) =>
      ask(api.ChangedSchema, '/config', { method: 'PUT', body, match }),
    restore: (revision: number, match: Match, body: api.Restore) =>
      ask(api.ChangedSchema, `/config/revisions/${revision}/restore`, { method: 'POST', body, match }),
    revisions: (query: PageQuery) => ask(api.RevisionsSchema, `/config/revisions${queryOf(query)}`),
    diff: (from: number, to: number) => ask(api.DiffSchema, `/config/diff${queryOf({ from, to })}`),

    explain: (body: api.ExplainRequest) => ask(api.ExplanationSchema, '/explain', { method: 'POST', body }),
    audit: (query: AuditQuery) => ask(api.AuditEntriesSchema, `/audit${queryOf(query)}`),
    verifyAudit: () => ask(api.VerdictSchema, '/audit/verify'),

    credentials: () => ask(api.CredentialsSchema, '/credentials'),
    createCredential: (body: api.NewCredential) =>
      ask(api.CreatedCredentialSchema, '/credentials', { method: 'POST', body }),
    deleteCredential: (name: string) =>
      ask(Type.Undefined(), `/credentials/${encodeURIComponent(name)}`, { method: 'DELETE' }),

    /** What the event stream is asked for with. */
    events: { url: `${access.url}/api/events`, headers: authorization(access) }
  }
}

function limitsFor(match: Match): Limits {
  return match === '*' ? { timeoutMs: EMERGENCY_TIMEOUT_MS } : {}
}

async function answerOf<T extends TSchema>(
  access: Access,
  schema: T,
  path: string,
  { method = 'GET', body, match, ...limits }: Call
): Promise<{ readonly body: Static<T>; readonly revision: number | undefined }> {
  const headers = {
    ...authorization(access),
    accept: 'application/json',
    ...(match === undefined ? {} : { 'if-match': match === '*' ? '*' : `"${match}"` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' })
  }
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const { status, etag, text } = await exchange(access.url, `/api${path}`, init, limits)
  const answer = parsed(text)
  if (status >= 400) throw problemOf(access.url, status, answer)
  if (!Value.Check(schema, answer)) throw notTheApi(access.url, `an unknown answer to ${method} /api${path}`)
  const tag = /^"(\d+)"$/.exec(etag)?.[1]
  return { body: answer, revision: tag === undefined ? undefined : Number(tag) }
}

async function exchange(
  url: string,
  path: string,
  init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string },
  { timeoutMs = TIMEOUT_MS, signal }: Limits
): Promise<{ readonly status: number; readonly etag: string; readonly text: string }> {
  const ends = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]
  try {
    const answer = await fetch(url + path, { ...init, redirect: 'error', signal: AbortSignal.any(ends) })
    return { status: answer.status, etag: answer.headers.get('etag') ?? '', text: await answer.text() }
  } catch (error) {
    const message = `the admin API at ${url} cannot be reached (${causeOf(error, timeoutMs)}): is the gateway running, `
    throw new CliError(EXIT.unreachable, 'unreachable', `${message}and is GATEWAY_ADMIN_URL or --url right?`)
  }
}

function causeOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  const { cause = error } = error
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code
  return cause instanceof Error ? cause.message : error.message
}

/** A wrong argument is a matter of usage; what the gateway will not do is refused. */
const EXITS: Readonly<Record<api.ProblemCode, ExitCode>> = {
  'bad-request': EXIT.usage,
  unauthenticated: EXIT.usage,
  forbidden: EXIT.refused,
  unknown: EXIT.usage,
  'not-acceptable': EXIT.usage,
  stale: EXIT.refused,
  refused: EXIT.refused,
  'too-large': EXIT.refused,
  'unsupported-media-type': EXIT.usage,
  invalid: EXIT.refused,
  'precondition-required': EXIT.refused,
  'too-many-attempts': EXIT.refused,
  internal: EXIT.unreachable,
  unavailable: EXIT.unreachable
}

function problemOf(url: string, status: number, answer: unknown): CliError {
  if (!Value.Check(api.ProblemSchema, answer)) return notTheApi(url, `an answer of status ${status}`)
  const { error, message, ...details } = answer
  return new CliError(EXITS[error], error, message, details)
}

function notTheApi(url: string, found: string): CliError {
  const message = `${url} does not speak the admin API of this version: found ${found}; is the URL right?`
  return new CliError(EXIT.unreachable, 'unreachable', message)
}

function authorization({ credential }: Access): { readonly authorization: string } {
  return { authorization: `Bearer ${credential}` }
}

function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query.toString()}`
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
