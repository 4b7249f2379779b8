import { INSTANCE, OK } from './canary-queries.ts'
import { chart, type Panel, timeline } from './panels.ts'

/** How the gateways themselves do. */
export function gateways(): Panel[] {
  return [
    timeline({
      title: 'Checks',
      description: 'Of /readyz. configuration, state, audit and legacy do not make a gateway unready.',
      queries: [{ expr: `min by (instance, check) (gateway_check_ok{${INSTANCE}})`, legend: '{{instance}} {{check}}' }],
      unit: 'short',
      width: 12,
      states: OK
    }),
    chart({
      title: 'Revision',
      description: 'Of the routing configuration that each gateway serves; they are to be the same.',
      queries: [{ expr: `gateway_config_revision{${INSTANCE}}`, legend: '{{instance}}' }],
      unit: 'none',
      width: 6
    }),
    chart({
      title: 'Since the last tick',
      description: 'Of the controller of the rollouts, on whichever gateway runs it.',
      queries: [
        { expr: `time() - max by (job) (gateway_rollout_last_tick_timestamp_seconds{${INSTANCE}})`, legend: '{{job}}' }
      ],
      unit: 's',
      width: 6
    }),
    chart({
      title: 'Event loop',
      description: 'How late it is, at p99.',
      queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${INSTANCE}}`, legend: '{{instance}}' }],
      unit: 's',
      width: 8
    }),
    chart({
      title: 'CPU',
      description: 'Cores in use.',
      queries: [
        {
          expr: `rate(process_cpu_seconds_total{job="scribe-gateway", ${INSTANCE}}[$__rate_interval])`,
          legend: '{{instance}}'
        }
      ],
      unit: 'short',
      width: 8
    }),
    chart({
      title: 'Memory',
      description: 'That is resident.',
      queries: [{ expr: `process_resident_memory_bytes{job="scribe-gateway", ${INSTANCE}}`, legend: '{{instance}}' }],
      unit: 'bytes',
      width: 8
    })
  ]
}
