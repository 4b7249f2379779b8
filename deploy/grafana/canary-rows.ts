import { BREAKERS, INSTANCE, PHASES, SHOWN, stateOf, VERDICTS } from './canary-queries.ts'
import { gateways } from './gateway-panels.ts'
import { chart, type Panel, stat, timeline } from './panels.ts'

/** The two sides, whose panels mirror each other. A further upstream is on legacy's side. */
const SIDES = [
  { name: 'Native', target: 'target="native"' },
  { name: 'Legacy', target: 'target!="native"' }
] as const
type Side = (typeof SIDES)[number]

/** The rows of the dashboard: first what is wrong now, then what both sides do, then why. */
export function canaryRows(): { readonly title: string; readonly panels: readonly Panel[] }[] {
  return [
    { title: 'Now', panels: now() },
    { title: 'Requests, errors, durations', panels: SIDES.flatMap(mirrored).toSorted(byKind) },
    { title: 'Weights and phases', panels: weights() },
    { title: 'Breakers and fallback', panels: breakers() },
    { title: 'Evidence', panels: evidence() },
    { title: 'Progress', panels: progress() },
    { title: 'Gateways', panels: gateways() }
  ]
}

function now(): Panel[] {
  const errors = `(sum(rate(gateway_requests_total{${SHOWN}, status_class="5xx"}[$__rate_interval])) or vector(0))`
  const all = `sum(rate(gateway_requests_total{${SHOWN}}[$__rate_interval]))`
  const native = `sum(rate(gateway_requests_total{${SHOWN}, target="native"}[$__rate_interval]))`
  return [
    one('Served natively', 'The share of requests that native answered.', `${native} / ${all}`, 'percentunit'),
    one('Requests a second', 'Of both sides.', all, 'reqps'),
    one('5xx', 'The share of requests whose client got a 5xx.', `${errors} / ${all}`, 'percentunit', {
      redFrom: 0.001
    }),
    one(
      'Breakers open',
      'Routes whose native side fails too often; trials count as open.',
      `sum(gateway_breaker_state{${SHOWN}, state=~"open|half-open"})`,
      'short',
      { redFrom: 1 }
    ),
    one(
      'Gateways ready',
      'The share of gateways whose /readyz says so.',
      `avg(gateway_ready{${INSTANCE}})`,
      'percentunit',
      {
        redBelow: 1
      }
    ),
    one(
      'Alerts',
      'That fire.',
      'count(ALERTS{alertstate="firing", alertname=~"Gateway.*|Nginx.*"}) or vector(0)',
      'short',
      {
        redFrom: 1
      }
    )
  ]
}

function one(title: string, description: string, expr: string, unit: string, limits: object = {}): Panel {
  return stat({ title, description, queries: [{ expr, legend: title }], unit, width: 4, ...limits })
}

function rate(metric: string, labels: string): string {
  return `rate(${metric}{${SHOWN}, ${labels}}[$__rate_interval])`
}

/** Rate, errors and durations of one side. What native failed and legacy answered counts as an error of native. */
function mirrored({ name, target }: Side): Panel[] {
  const requests = rate('gateway_requests_total', target)
  const fallbacks = `rate(gateway_fallbacks_total{${SHOWN}}[$__rate_interval])`
  const attempts = name === 'Native' ? `(${requests} or ${fallbacks})` : requests
  const failed = rate('gateway_requests_total', `${target}, status_class="5xx"`)
  const errors = name === 'Native' ? `(${failed} or ${fallbacks})` : failed
  const buckets = rate('gateway_request_duration_seconds_bucket', `${target}, status_class!~"1xx|aborted"`)
  return [
    chart({
      title: `${name}: requests`,
      description: 'Requests a second, by route.',
      queries: [{ expr: `sum by (route) (${requests})`, legend: '{{route}}' }],
      unit: 'reqps',
      width: 12
    }),
    chart({
      title: `${name}: errors`,
      description:
        'The share of requests given to this side that ended with a 5xx' +
        (name === 'Native' ? ', or that legacy answered instead.' : '.'),
      queries: [
        {
          expr: `(sum by (route) (${errors}) or sum by (route) (${attempts}) * 0) / sum by (route) (${attempts})`,
          legend: '{{route}}'
        }
      ],
      unit: 'percentunit',
      width: 12
    }),
    chart({
      title: `${name}: durations`,
      description: 'To the end of the answer, over all routes in sight; without WebSockets and clients that left.',
      queries: [0.5, 0.95, 0.99].map(quantile => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (${buckets}))`,
        legend: `p${quantile * 100}`
      })),
      unit: 's',
      width: 12
    })
  ]
}

/** The same of both sides next to each other: requests, then errors, then durations. */
function byKind(a: Panel, b: Panel): number {
  const kinds = ['requests', 'errors', 'durations']
  const kind = ({ title }: Panel) => kinds.findIndex(each => title.endsWith(each))
  return kind(a) - kind(b)
}

function weights(): Panel[] {
  return [
    timeline({
      title: 'Weight',
      description: 'The share of callers whose target is native, as configured.',
      queries: [{ expr: `max by (route) (gateway_route_weight_ratio{${SHOWN}})`, legend: '{{route}}' }],
      unit: 'percentunit',
      width: 12
    }),
    timeline({
      title: 'Phase',
      description: 'Of the rollout of each group.',
      queries: [{ expr: stateOf('gateway_rollout_phase', 'phase', INSTANCE, PHASES, 'group'), legend: '{{group}}' }],
      unit: 'short',
      width: 12,
      states: PHASES
    })
  ]
}

function breakers(): Panel[] {
  return [
    timeline({
      title: 'Breaker',
      description: 'The worst that any gateway in sight has of the route.',
      queries: [{ expr: stateOf('gateway_breaker_state', 'state', SHOWN, BREAKERS, 'route'), legend: '{{route}}' }],
      unit: 'short',
      width: 12,
      states: BREAKERS
    }),
    chart({
      title: 'Fallback',
      description: 'Safe requests a second that native failed and legacy answered.',
      queries: [
        {
          expr: `sum by (route) (rate(gateway_fallbacks_total{${SHOWN}}[$__rate_interval])) or vector(0)`,
          legend: '{{route}}'
        }
      ],
      unit: 'reqps',
      width: 6
    }),
    chart({
      title: 'No whole answer',
      description: 'Requests a second that an upstream refused, broke off or left unanswered.',
      queries: [
        {
          expr: `sum by (upstream, failure) (rate(gateway_upstream_failures_total{${SHOWN}}[$__rate_interval])) or vector(0)`,
          legend: '{{upstream}} {{failure}}'
        }
      ],
      unit: 'reqps',
      width: 6
    })
  ]
}

function evidence(): Panel[] {
  const guardrails = stateOf('gateway_rollout_guardrail_status', 'status', INSTANCE, VERDICTS, 'group, guardrail')
  return [
    timeline({
      title: 'Guardrails',
      description: 'Only when all of a group have passed may its step pass; one that has failed rolls back.',
      queries: [{ expr: guardrails, legend: '{{group}} {{guardrail}}' }],
      unit: 'short',
      width: 12,
      states: VERDICTS
    }),
    chart({
      title: 'Guardrails: value by bound',
      description: 'Above 100 % a value is beyond its bound.',
      queries: [
        {
          expr: `max by (group, guardrail) (gateway_rollout_guardrail_used_ratio{${INSTANCE}})`,
          legend: '{{group}} {{guardrail}}'
        }
      ],
      unit: 'percentunit',
      width: 12
    }),
    chart({
      title: 'Evidence of the step',
      description: 'Requests of the step that stands, by the side that they were assigned to.',
      queries: [
        { expr: `max by (group, target) (gateway_rollout_step_requests{${INSTANCE}})`, legend: '{{group}} {{target}}' }
      ],
      unit: 'short',
      width: 12
    }),
    chart({
      title: 'Requests still needed',
      description: 'Of each group, by the guardrail that needs the most.',
      queries: [
        { expr: `max by (group) (gateway_rollout_guardrail_missing_requests{${INSTANCE}})`, legend: '{{group}}' }
      ],
      unit: 'short',
      width: 12
    })
  ]
}

function progress(): Panel[] {
  return [
    chart({
      title: 'Share of native',
      description: 'Of requests, and of the weights of all routes that legacy has too.',
      queries: [
        { expr: 'job:gateway_native_share:ratio_rate5m', legend: 'of requests' },
        { expr: 'job:gateway_route_weight_ratio:avg', legend: 'of weights' }
      ],
      unit: 'percentunit',
      max: 1,
      width: 8
    }),
    chart({
      title: 'Share of callers',
      description: 'That native had since the weight changed, beside the weight.',
      queries: [
        { expr: `max by (group) (gateway_rollout_realised_share_ratio{${INSTANCE}})`, legend: '{{group}} realised' },
        { expr: `max by (group) (gateway_rollout_desired_weight_ratio{${INSTANCE}})`, legend: '{{group}} weight' }
      ],
      unit: 'percentunit',
      max: 1,
      width: 8
    }),
    chart({
      title: 'Reasons of assignment',
      description: 'Requests a second, by what decided who answers.',
      queries: [
        { expr: `sum by (reason) (rate(gateway_requests_total{${SHOWN}}[$__rate_interval]))`, legend: '{{reason}}' }
      ],
      unit: 'reqps',
      isStacked: true,
      width: 8
    })
  ]
}
