import { INSTANCE, SHOWN } from './canary-queries.ts'
import { canaryRows } from './canary-rows.ts'
import { laidOut } from './panels.ts'

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

/** The dashboard that operations staff look at in Grafana, as it imports and provisions one. */
export function canaryDashboard(): object {
  return {
    uid: 'scribe-canary',
    title: 'Canary',
    description: 'How far the migration from legacy to native is, how both sides do, and what the rollouts wait for.',
    tags: ['scribe-gateway'],
    schemaVersion: 38,
    version: 1,
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: { list: variables() },
    annotations: { list: annotations() },
    links: [],
    panels: laidOut(canaryRows())
  }
}

function variables(): object[] {
  const all = {
    includeAll: true,
    multi: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
    refresh: 2,
    sort: 1
  }
  const query = (name: string, text: string) => ({
    name,
    type: 'query',
    label: name,
    datasource: DATASOURCE,
    query: { query: text, refId: name },
    definition: text,
    ...all
  })
  return [
    { name: 'datasource', type: 'datasource', label: 'data source', query: 'prometheus', current: {}, refresh: 1 },
    query('instance', 'label_values(gateway_ready, instance)'),
    query('route', 'label_values(gateway_route_weight_ratio{instance=~"$instance"}, route)')
  ]
}

function annotations(): object[] {
  return [
    annotation(
      'Weight',
      `max by (route) (changes(gateway_route_weight_ratio{${SHOWN}}[1m])) > 0`,
      'the weight of {{route}} changed',
      'blue'
    ),
    annotation(
      'Event',
      `sum by (type) (increase(gateway_events_total{${INSTANCE}, type=~"rollout[.].*|breaker[.].*"}[1m])) > 0`,
      '{{type}}',
      'orange'
    ),
    annotation(
      'Configuration',
      `max by (type) (increase(gateway_events_total{${INSTANCE}, type=~"config[.].*"}[1m])) > 0`,
      '{{type}}',
      'purple'
    )
  ]
}

function annotation(name: string, expr: string, text: string, iconColor: string): object {
  return {
    name,
    datasource: DATASOURCE,
    enable: true,
    expr,
    titleFormat: name,
    textFormat: text,
    step: '60s',
    iconColor
  }
}
