import type { FastifyReply, FastifyRequest } from 'fastify'
import { diffTexts } from '../config/diff.ts'
import type { Edit } from '../config/edits.ts'
import { operatorOf } from './authenticate.ts'
import type { ApiOptions } from './dependencies.ts'
import { forRevision, tag } from './if-match.ts'
import { invalid, refused, stale } from './problem.ts'
import { propagationOf } from './replicas-api.ts'
import type { Changed } from './schemas.ts'

export interface ConfigOrder {
  readonly edit: Edit
  readonly reason: string | undefined
  /** Will `If-Match: *` do? */
  readonly isEmergency?: boolean
}

/**
 * Changes the configuration as a request asks for, in the name of its credential. In an emergency it waits until every
 * replica serves the change, or names those that do not.
 *
 * @throws Problem when it is not made.
 */
export async function changeConfig(
  { store, replicas }: Pick<ApiOptions, 'store' | 'replicas'>,
  request: FastifyRequest,
  reply: FastifyReply,
  { edit, reason = '', isEmergency = false }: ConfigOrder
): Promise<Changed> {
  let before = store.current
  let expected = before.number
  const result = await forRevision(request, { store, isEmergency }, revision => {
    before = store.current
    expected = revision
    return store.change({ expected: revision, edit, actor: operatorOf(request), reason })
  })
  if (result.outcome === 'stale') throw stale(expected, result.current.number, result.changes)
  if (result.outcome === 'invalid') throw invalid(result.problems)
  if (result.outcome === 'refused') throw refused(result.message)
  const { number, text } = result.revision
  tag(reply, number)
  const changes = diffTexts(before.text, text)
  const propagation = isEmergency ? await propagationOf(replicas, number) : undefined
  return { revision: number, changes, ...(propagation === undefined ? {} : { replicas: propagation }) }
}
