import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { Edge } from '../edge.ts'
import type { RouteConfig } from '../config/schema.ts'
import type { Revision } from '../config/store.ts'

/** Seconds; dense around the latencies of an API on a database, long enough for completions and the longest timeout. */
const DURATION_BUCKETS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/** Of the library's own: their names break Prometheus's conventions, and the others say the same. */
const UNCONVENTIONAL = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary'
]

export interface Metrics {
  readonly registry: Registry
  /** Counts one finished request; `status` is what the client got, 499 when it left first. `seconds` since its header was read. */
  countRequest(edge: Edge, status: number, seconds: number): void
  countFallback(edge: Edge): void
  /** `seconds` is the Unix time at which the revision was loaded. */
  setRevision(revision: Revision): void
  setConfigProblems(count: number): void
}

/** The gateway's Prometheus metrics. Every label value comes from the routing table or from a fixed list, none from a request. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  for (const name of UNCONVENTIONAL) registry.removeSingleMetric(name)
  const labelNames = ['route', 'target', 'reason', 'status_class'] as const
  const durations = new Histogram({
    name: 'gateway_request_duration_seconds',
    help: 'Time from the header of a request to the end of its answer.',
    labelNames,
    buckets: DURATION_BUCKETS,
    registers
  })
  const requests = new Counter({
    name: 'gateway_requests_total',
    help: 'Requests answered, by route, the target that answered, the reason of the assignment and the status class.',
    labelNames,
    registers: [],
    // Counted once, by the histogram: observing is on the path of every request, scraping is not.
    async collect() {
      const { values } = await durations.get()
      this.reset()
      for (const { metricName, labels, value } of values) {
        if (metricName?.endsWith('_count') === true) this.inc(labels, value)
      }
    }
  })
  registry.registerMetric(requests)
  const failures = new Counter({
    name: 'gateway_upstream_failures_total',
    help: 'Requests that an upstream gave no whole answer to, by what went wrong.',
    labelNames: ['route', 'upstream', 'failure'] as const,
    registers
  })
  const fallbacks = new Counter({
    name: 'gateway_fallbacks_total',
    help: 'Safe requests that native failed and the upstream answered instead.',
    labelNames: ['route', 'upstream'] as const,
    registers
  })
  const weights = new Gauge({
    name: 'gateway_route_weight_ratio',
    help: 'Configured weight: the share of callers whose target is native, 0 to 1.',
    labelNames: ['route'] as const,
    registers
  })
  const routeInfo = new Gauge({
    name: 'gateway_route_info',
    help: '1 for each route, with its group, its upstream, and whether native and the upstream share it.',
    labelNames: ['route', 'group', 'upstream', 'kind'] as const,
    registers
  })
  const revisionNumber = new Gauge({
    name: 'gateway_config_revision',
    help: 'Number of the routing revision that serves.',
    registers
  })
  const reloadSuccessful = new Gauge({
    name: 'gateway_config_last_reload_successful',
    help: '1 when the routing configuration as it stands is the one that serves, 0 while it is refused.',
    registers
  })
  const reloadTime = new Gauge({
    name: 'gateway_config_last_reload_success_timestamp_seconds',
    help: 'Unix time at which the serving revision was loaded.',
    registers
  })
  const problems = new Gauge({
    name: 'gateway_config_problems',
    help: 'Problems in the routing configuration as it stands.',
    registers
  })
  new Gauge({ name: 'gateway_info', help: 'Version of the gateway.', labelNames: ['version'], registers }).set(
    { version },
    1
  )

  return {
    registry,
    countRequest(edge, status, seconds) {
      const { route, reason } = edge.assignment
      const labels = { route: route.id, target: edge.servedBy, reason, status_class: statusClass(status) }
      durations.observe(labels, seconds)
      if (edge.failure !== undefined) failures.inc({ route: route.id, upstream: edge.servedBy, failure: edge.failure })
    },
    countFallback({ assignment: { route } }) {
      fallbacks.inc({ route: route.id, upstream: route.upstream })
    },
    setRevision({ number, loadedAt, table, config }) {
      revisionNumber.set(number)
      reloadTime.set(loadedAt.getTime() / 1000)
      weights.reset()
      routeInfo.reset()
      const kinds = new Map(config.routes.map(route => [route.id, kindOf(route)]))
      for (const { id: route, weight, group, upstream } of table.routes) {
        weights.set({ route }, weight / 100)
        routeInfo.set({ route, group, upstream, kind: kinds.get(route) ?? 'legacy-only' }, 1)
      }
    },
    setConfigProblems(count) {
      problems.set(count)
      reloadSuccessful.set(count === 0 ? 1 : 0)
    }
  }
}

function kindOf({ native, nativeOnly }: RouteConfig): 'shared' | 'native-only' | 'legacy-only' {
  if (nativeOnly === true) return 'native-only'
  return native === undefined ? 'legacy-only' : 'shared'
}

const STATUS_CLASSES = ['', '1xx', '2xx', '3xx', '4xx', '5xx']

/** `2xx` and its like; `aborted` for a client that left before the end of its answer. */
function statusClass(status: number): string {
  return status === 499 ? 'aborted' : (STATUS_CLASSES[Math.trunc(status / 100)] ?? '5xx')
}
