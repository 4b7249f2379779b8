import { parsePattern, patternsOverlap } from '../routing/pattern.ts'
import { NATIVE, UNMATCHED } from '../routing/route.ts'
import { checkPlan } from '../rollout/plan-check.ts'
import type { Finding } from './problem.ts'
import { nearestOf } from './schema-check.ts'

type Path = readonly (string | number)[]

/**
 * What a schema cannot say of a configuration: references, ids, patterns that share a path. Takes any value, so that
 * what is right in a file is checked although something else in it is wrong; leaves to the schema what is no string,
 * number or list where there should be one.
 *
 * @param lineOf the line of a place, for the findings that name a second one.
 */
export function checkMeaning(
  config: unknown,
  nativeModules: ReadonlySet<string>,
  lineOf: (path: Path) => number
): Finding[] {
  const targetNames = Object.keys(objectOf(objectOf(config).targets))
  const targets = targetNames.filter(name => name !== NATIVE)
  const defaults = objectOf(objectOf(config).defaults)
  const routes = listOf(objectOf(config).routes).map(objectOf)
  const policies = [
    { path: ['defaults'], policy: defaults },
    ...routes.map((policy, index) => ({ path: ['routes', index], policy }))
  ]
  return [
    ...targetNames
      .filter(name => name === NATIVE)
      .map(
        name =>
          ({
            path: ['targets', name],
            at: 'key',
            expected: 'a name other than "native", which is this process'
          }) as const
      ),
    ...policies.flatMap(({ path, policy }) => [
      ...checkWeight(path, policy.weight),
      ...checkPlan([...path, 'rollout'], policy.rollout),
      // Without any target the schema says so, once.
      ...(targets.length === 0 ? [] : checkReference([...path, 'upstream'], policy.upstream, targets, 'target')),
      ...checkReference([...path, 'native'], policy.native, [...nativeModules], 'native module'),
      ...checkRepeats([...path, 'cohort'], policy.cohort, lineOf),
      ...checkRepeats([...path, 'methods'], policy.methods, lineOf),
      ...checkRepeats([...path, 'paths'], policy.paths, lineOf)
    ]),
    ...routes.flatMap(checkNativeOnly),
    ...checkGroupPlans(routes, lineOf),
    ...checkIds(routes, lineOf),
    ...checkPatterns(routes, lineOf)
  ]
}

/** The schema's `multipleOf` cannot do it: 0.07 is no multiple of 0.01 in binary floating point. */
function checkWeight(path: Path, weight: unknown): Finding[] {
  if (typeof weight !== 'number' || Number(weight.toFixed(2)) === weight) return []
  return [{ path: [...path, 'weight'], expected: 'a number from 0 to 100 with at most two decimals' }]
}

function checkReference(path: Path, name: unknown, known: readonly string[], what: string): Finding[] {
  if (typeof name !== 'string' || known.includes(name)) return []
  const nearest = nearestOf(name, known)
  const hint = nearest === undefined ? '' : ` (did you mean "${nearest}"?)`
  const names = known.map(each => `"${each}"`).join(', ') || 'there is none'
  return [{ path, expected: `a known ${what}: ${names}${hint}` }]
}

/** What would choose between native and upstream, or says how upstream answers. */
const SHARING_KEYS = [
  'native',
  'group',
  'weight',
  'killSwitch',
  'timeouts',
  'fallback',
  'cohort',
  'upstream',
  'breaker',
  'rollout'
]

function checkNativeOnly(route: Record<string, unknown>, index: number): Finding[] {
  if (route.nativeOnly !== true) return []
  return SHARING_KEYS.filter(key => Object.hasOwn(route, key)).map(key => ({
    path: ['routes', index, key],
    at: 'key',
    expected: `no "${key}" beside "nativeOnly": native answers all of the route, always`
  }))
}

/** The routes of a group are one rollout, so only one of them can say how it goes. */
function checkGroupPlans(routes: readonly Record<string, unknown>[], lineOf: (path: Path) => number): Finding[] {
  const firsts = new Map<unknown, number>()
  return routes.flatMap(({ id, group = id, rollout }, index) => {
    if (rollout === undefined) return []
    const path = ['routes', index, 'rollout']
    const first = firsts.get(group)
    if (first === undefined) firsts.set(group, index)
    if (first === undefined) return []
    const other = `line ${lineOf(['routes', first, 'rollout'])}`
    return [{ path, at: 'key', expected: `one plan for the group "${String(group)}"; ${other} has it already` }]
  })
}

function checkRepeats(path: Path, list: unknown, lineOf: (path: Path) => number): Finding[] {
  const items = listOf(list)
  return items.flatMap((item, index) => {
    const first = items.indexOf(item)
    if (first === index) return []
    return [{ path: [...path, index], expected: `each entry once; line ${lineOf([...path, first])} has it already` }]
  })
}

function checkIds(routes: readonly Record<string, unknown>[], lineOf: (path: Path) => number): Finding[] {
  const firsts = new Map<string, number>()
  return routes.flatMap(({ id }, index) => {
    if (typeof id !== 'string') return []
    const path = ['routes', index, 'id']
    if (id === UNMATCHED)
      return [{ path, expected: `an id other than "${UNMATCHED}", which is reserved for requests of no route` }]
    const first = firsts.get(id)
    if (first === undefined) firsts.set(id, index)
    if (first === undefined) return []
    return [{ path, expected: `an id that no other route has; line ${lineOf(['routes', first, 'id'])} has it already` }]
  })
}

interface PlacedPattern {
  readonly pattern: string
  readonly path: Path
  readonly methods: ReadonlySet<unknown>
}

function checkPatterns(routes: readonly Record<string, unknown>[], lineOf: (path: Path) => number): Finding[] {
  const findings: Finding[] = []
  const earlier: PlacedPattern[] = []
  for (const placed of routes.flatMap(patternsOf)) {
    const { pattern, path } = placed
    if (parsePattern(pattern) === undefined) {
      findings.push({
        path,
        expected: 'a path such as /api/notes/:id or /api/notes/*: whole segments, not escaped, * only at the end'
      })
      continue
    }
    const rival = earlier.find(
      other => shareMethod(placed, other) !== undefined && patternsOverlap(pattern, other.pattern)
    )
    if (rival !== undefined) {
      const method = String(shareMethod(placed, rival))
      const place = `"${rival.pattern}" of line ${lineOf(rival.path)} (/${rival.path.join('/')})`
      findings.push({ path, expected: `a pattern that shares no path with ${place}, since both have ${method}` })
    }
    earlier.push(placed)
  }
  return findings
}

function patternsOf(route: Record<string, unknown>, index: number): PlacedPattern[] {
  const methods = new Set(listOf(route.methods))
  if (methods.has('GET')) methods.add('HEAD')
  return listOf(route.paths).flatMap((pattern, position) =>
    typeof pattern === 'string' ? [{ pattern, path: ['routes', index, 'paths', position], methods }] : []
  )
}

function shareMethod(a: PlacedPattern, b: PlacedPattern): unknown {
  return [...a.methods].find(method => b.methods.has(method))
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
