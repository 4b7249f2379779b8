import { callerKeyOf, type CallerIdentity } from '../caller-identity.ts'
import type { Revision } from '../config/store.ts'
import { type AssignmentRequest, assign } from '../routing/assign.ts'
import { BUCKETS, bucketOf } from '../routing/bucket.ts'
import { type Assignment, NATIVE, type Reason, REASONS, UNMATCHED } from '../routing/route.ts'
import type { ExplainRequest, Explanation } from './schemas.ts'

export interface ExplainOptions {
  readonly revision: Revision
  readonly identity: Pick<CallerIdentity, 'userId' | 'mayOverride'>
  /** Would callers of the route go upstream although native is their side? */
  readonly breakerOpen: (routeId: string) => boolean
  /** Of whoever asks; for a request that does not say another. */
  readonly address: string
}

/** Why a request would go where it would go, now. What decides is what decides for real requests. */
export function explain(request: ExplainRequest, options: ExplainOptions): Explanation {
  const { revision, breakerOpen } = options
  const facts = factsOf(request, options)
  const assignment = assign(revision.table, facts, breakerOpen)
  const { route, target, reason } = assignment
  const known = { assignment, facts, options, ...callerOf(facts, assignment) }
  const decided = REASONS.indexOf(reason)
  const rules = REASONS.map((rule, index) => {
    if (rule === reason) return { rule, applies: true, why: WHY[rule](known) }
    // The breaker has its say over what the weight decided.
    const isAsked = index < decided || reason === 'weight'
    return { rule, applies: false, why: isAsked ? WHY_NOT[rule](known) : `not asked: ${reason} decided before it` }
  })
  const { caller, bucket, threshold } = known
  const isKnown = reason !== 'unmatched'
  return {
    revision: revision.number,
    route: route.id,
    target,
    reason,
    sentence: `${request.method.toUpperCase()} ${facts.url} goes to ${target}: ${WHY[reason](known)}.`,
    group: route.group,
    weight: route.weight,
    caller,
    ...(isKnown ? { bucket, threshold, cohort: isOfCohort(known) } : {}),
    rules
  }
}

interface Facts extends AssignmentRequest {
  /** The side that the header asks for, allowed or not. */
  readonly wanted: 'native' | 'legacy' | undefined
}

interface Known {
  readonly assignment: Assignment
  readonly facts: Facts
  readonly options: ExplainOptions
  readonly caller: string
  readonly bucket: number
  readonly threshold: number
}

function factsOf(request: ExplainRequest, { identity, address: asker }: ExplainOptions): Facts {
  const { method, url, userId, address = asker } = request
  const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  const target = headers.get('x-gateway-target')
  const wanted = target === 'native' || target === 'legacy' ? target : undefined
  return {
    method: method.toUpperCase(),
    url: requestTargetOf(url),
    wanted,
    requestedMethod: () => headers.get('access-control-request-method'),
    override: () => (identity.mayOverride(address, headers.get('x-gateway-credential')) ? wanted : undefined),
    userId: () => userId ?? identity.userId(headers.get('authorization')),
    address: () => address
  }
}

/** What a client would send for it: byte for byte, without the origin and the fragment. */
function requestTargetOf(url: string): string {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '')
  return target.startsWith('/') ? target : `/${target}`
}

function callerOf(facts: Facts, { route }: Assignment): Pick<Known, 'caller' | 'bucket' | 'threshold'> {
  const caller = callerKeyOf(facts.userId(), facts.address())
  return { caller, bucket: bucketOf(caller, route.group), threshold: Math.round((route.weight * BUCKETS) / 100) }
}

type Why = Readonly<Record<Reason, (known: Known) => string>>

/** Completes "it goes there because …" for the rule that decided. */
const WHY: Why = {
  unmatched: ({ assignment: { target } }) => `no configured route has the request, and ${target} is the default`,
  'native-only': ({ assignment: { route } }) => `the route "${route.id}" has no upstream`,
  'kill-switch': ({ assignment: { route }, options: { revision } }) =>
    `the kill switch of ${revision.config.killSwitch ? 'the gateway' : `the route "${route.id}"`} is on`,
  'no-native': ({ assignment: { route } }) =>
    `the route "${route.id}" has it, but native serves nothing at this method and path`,
  override: ({ facts: { wanted } }) => `x-gateway-target asks for ${wanted}, and the caller may do so`,
  cohort: ({ assignment: { route }, caller }) => `${caller} is listed in the cohort of "${route.id}"`,
  breaker: known => `${sideByWeight(known)}, so native, but the breaker of "${known.assignment.route.id}" is open`,
  weight: known => sideByWeight(known)
}

const WHY_NOT: Why = {
  unmatched: ({ assignment: { route } }) => `the route "${route.id}" has the request`,
  'native-only': ({ assignment: { route } }) => `the route "${route.id}" has an upstream, ${route.upstream}`,
  'kill-switch': () => 'neither the kill switch of the gateway nor that of the route is on',
  'no-native': () => 'native serves the method and path',
  override: ({ facts: { wanted } }) =>
    wanted === undefined
      ? 'the request has no x-gateway-target that says native or legacy'
      : 'x-gateway-target is there, but neither the address nor x-gateway-credential allows it: it is ignored',
  cohort: ({ assignment: { route }, caller }) =>
    route.cohort.size === 0 ? `"${route.id}" has no cohort` : `${caller} is not listed in the cohort of "${route.id}"`,
  breaker: ({ assignment: { target, route }, options }) => {
    if (target === NATIVE) return `the breaker of "${route.id}" lets the request through`
    return options.breakerOpen(route.id) ? 'it is open, but the caller is not on native anyway' : 'it is not open'
  },
  weight: known => `${sideByWeight(known)}, so native, if the breaker lets it through`
}

function sideByWeight({ assignment: { route }, caller, bucket, threshold }: Known): string {
  if (route.weight === 0) return `the weight of "${route.id}" is 0, so no caller is on native`
  if (route.weight >= 100) return `the weight of "${route.id}" is 100, so every caller is on native`
  const side = bucket < threshold ? 'below' : 'not below'
  return `the bucket ${bucket} of ${caller} is ${side} ${threshold}, which is the weight of ${route.weight} %`
}

function isOfCohort({ assignment: { route }, facts }: Known): boolean {
  const userId = facts.userId()
  return route.id !== UNMATCHED && userId !== undefined && route.cohort.has(userId)
}
