import type { examples } from './openapi-examples.ts'

type Example = keyof typeof examples

/** What the schemas of a route do not say. */
export interface RouteDoc {
  /** Unique. */
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly body?: Example
  readonly answer?: Example
  /** Of the success. */
  readonly description: string
  /** It needs `If-Match`. */
  readonly isChange?: true
}

/** By method and Fastify's pattern. */
export const DOCS: Readonly<Record<string, RouteDoc>> = {
  'GET /api/session': doc('getSession', 'overview', 'Who asks', 'The credential', { answer: 'session' }),
  'GET /api/status': doc('getStatus', 'overview', 'How all of it stands', 'An overview', { answer: 'status' }),
  'GET /api/routes': doc('listRoutes', 'routes', 'Every route', 'The routes', { answer: 'routes' }),
  'GET /api/routes/:id': doc('getRoute', 'routes', 'A route, and the rollout of its group', 'The route', {
    answer: 'route'
  }),
  'GET /api/routes/:id/windows': doc('getWindows', 'routes', 'What was measured of a route', 'The windows', {
    answer: 'windows'
  }),
  'PUT /api/kill-switch': doc('setKillSwitch', 'routes', 'Turn the kill switch of the gateway', 'It stands so', {
    body: 'killSwitch',
    answer: 'changed',
    isChange: true
  }),
  'PUT /api/routes/:id/kill-switch': doc('setRouteKillSwitch', 'routes', 'Turn the one of a route', 'It stands so', {
    body: 'killSwitch',
    answer: 'changed',
    isChange: true
  }),
  'GET /api/replicas': doc('listReplicas', 'overview', 'The gateways that share the routing store', 'The replicas', {
    answer: 'replicas'
  }),
  'GET /api/rollouts': doc('listRollouts', 'rollouts', 'Every rollout', 'The rollouts', { answer: 'rollouts' }),
  'GET /api/rollouts/:target': doc('getRollout', 'rollouts', 'The rollout of a group or a route', 'The rollout', {
    answer: 'rollout'
  }),
  'POST /api/rollouts/:target/:verb': doc('orderRollout', 'rollouts', 'Give a rollout an order', 'It is done', {
    body: 'order',
    answer: 'ordered',
    isChange: true
  }),
  'GET /api/config': doc('getConfig', 'configuration', 'The configuration that serves', 'The configuration', {
    answer: 'config'
  }),
  'PUT /api/config': doc('putConfig', 'configuration', 'Replace the configuration', 'It serves', {
    body: 'configWrite',
    answer: 'changed',
    isChange: true
  }),
  'POST /api/config/plan': doc('planChange', 'configuration', 'What a change would come to', 'Nothing is changed', {
    body: 'planRequest',
    answer: 'plan'
  }),
  'GET /api/config/revisions': doc('listRevisions', 'configuration', 'The revisions', 'Newest first', {
    answer: 'revisions'
  }),
  'GET /api/config/revisions/:n': doc('getRevision', 'configuration', 'A revision with its text', 'The revision', {
    answer: 'revision'
  }),
  'GET /api/config/diff': doc('diffRevisions', 'configuration', 'What two revisions differ in', 'The differences', {
    answer: 'diff'
  }),
  'POST /api/config/revisions/:n/restore': doc(
    'restoreRevision',
    'configuration',
    'Put a revision back',
    'Its text serves',
    { body: 'restore', answer: 'changed', isChange: true }
  ),
  'POST /api/explain': doc('explainRequest', 'routes', 'Why a request goes where it goes', 'The explanation', {
    body: 'explainRequest',
    answer: 'explanation'
  }),
  'GET /api/audit': doc('listAudit', 'audit', 'Who changed what', 'The entries', { answer: 'audit' }),
  'GET /api/audit/verify': doc('verifyAudit', 'audit', 'Is the audit whole?', 'The verdict', { answer: 'verdict' }),
  'GET /api/events': doc('followEvents', 'events', 'The events as they come', 'A stream that does not end', {
    answer: 'event'
  }),
  'GET /api/live': doc('followLive', 'overview', 'The overview as it changes', 'A stream that does not end', {
    answer: 'liveSnapshot'
  }),
  'GET /api/progress': doc('getProgress', 'overview', 'How far the migration is, over time', 'The points', {
    answer: 'progress'
  }),
  'GET /api/discovery': doc('getDiscovery', 'overview', 'What to migrate next, what to switch off', 'The findings', {
    answer: 'discovery'
  }),
  'GET /api/credentials': doc('listCredentials', 'credentials', 'Who may enter', 'The credentials', {
    answer: 'credentials'
  }),
  'POST /api/credentials': doc('createCredential', 'credentials', 'Make a credential', 'It is made, and shown once', {
    body: 'newCredential',
    answer: 'createdCredential'
  }),
  'DELETE /api/credentials/:name': doc('deleteCredential', 'credentials', 'Remove a credential', 'It is gone', {}),
  'GET /api/openapi.json': doc('getOpenApi', 'overview', 'This document', 'OpenAPI 3.1', {})
}

function doc(
  operationId: string,
  tag: string,
  summary: string,
  description: string,
  rest: Pick<RouteDoc, 'body' | 'answer' | 'isChange'>
): RouteDoc {
  return { operationId, tag, summary, description, ...rest }
}
