import { parseRoutingConfig } from '../../../gateway/config/parse.ts'
import type { RoutingConfig } from '../../../gateway/config/schema.ts'
import type { AssignmentRequest } from '../../../gateway/routing/assign.ts'
import type { NativeRoute } from '../../../gateway/routing/route.ts'

/** What the native modules serve, as Fastify's onRoute hook would list it. */
export const nativeRoutes: readonly NativeRoute[] = [
  { module: 'users', method: 'GET', url: '/users/profile' },
  { module: 'users', method: 'HEAD', url: '/users/profile' },
  { module: 'users', method: 'POST', url: '/users/login' },
  { module: 'notes', method: 'GET', url: '/api/notes/:consultationId' },
  { module: 'notes', method: 'HEAD', url: '/api/notes/:consultationId' },
  { module: 'notes', method: 'POST', url: '/api/notes/:consultationId' },
  { module: 'notes', method: 'PATCH', url: '/api/notes/:noteId' }
]

/** A checked configuration of these routes; throws what is wrong with it. */
export function configOf(routes: readonly object[], rest: object = {}): RoutingConfig {
  const file = {
    version: 1,
    targets: { legacy: { url: 'http://127.0.0.1:1' }, spare: { url: 'http://[::1]:2' } },
    routes,
    ...rest
  }
  const parsed = parseRoutingConfig(JSON.stringify(file), new Set(['users', 'notes']))
  if (parsed.config === undefined) throw new Error(parsed.problems.map(problem => problem.message).join('\n'))
  return parsed.config
}

/** A request that fails the test when it is asked something that its assignment does not depend on. */
export function requestOf(method: string, url: string, answers: Partial<AssignmentRequest> = {}): AssignmentRequest {
  return {
    method,
    url,
    requestedMethod: unexpected('the requested method'),
    override: () => undefined,
    userId: unexpected('the user id'),
    address: unexpected('the address'),
    ...answers
  }
}

function unexpected(what: string): () => never {
  return () => {
    throw new Error(`${what} was asked for`)
  }
}
