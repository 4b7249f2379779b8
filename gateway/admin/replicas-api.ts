import { basename } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Static } from '@sinclair/typebox'
import { readContent } from '../config/config-file.ts'
import { diffTexts } from '../config/diff.ts'
import type { Replica, Replicas } from '../replication/replicas.ts'
import type { ApiOptions } from './dependencies.ts'
import { Problem } from './problem.ts'
import { type DriftSchema, type PropagationSchema, ReplicasSchema, type ReplicaView } from './schemas.ts'

/** Within which every replica should serve what was done in an emergency, in milliseconds. */
export const PROPAGATION_MS = 5_000

/** The gateways that share the routing store. */
export const replicasApi: FastifyPluginAsyncTypebox<ApiOptions> = async (app, { replicas }) => {
  app.get('/replicas', { schema: { response: { 200: ReplicasSchema } } }, async () => {
    if (replicas === undefined) return []
    const found = await replicas.list().catch(() => {
      throw new Problem('unavailable', 'the routing store does not answer: what the replicas told cannot be read')
    })
    return found.map(viewOf)
  })
}

/** Who serves a revision by now. Undefined where one gateway stands alone. Never rejects. */
export async function propagationOf(
  replicas: Replicas | undefined,
  revision: number
): Promise<Static<typeof PropagationSchema> | undefined> {
  if (replicas === undefined) return undefined
  try {
    const { applied, missing } = await replicas.propagated(revision, PROPAGATION_MS)
    return { applied: [...applied], missing: [...missing] }
  } catch {
    return { applied: [], missing: [{ name: 'all', why: 'could not be asked: the routing store does not answer' }] }
  }
}

/** How a file differs from the configuration in the store. */
export async function driftOf(file: string, text: string): Promise<Static<typeof DriftSchema>> {
  const content = await readContent(file)
  const name = basename(file)
  try {
    return content.failure === undefined ? { file: name, fields: diffTexts(content.text, text).length } : { file: name }
  } catch {
    return { file: name }
  }
}

function viewOf({ isSilent, startedAt, at, breakers, ...report }: Replica): ReplicaView {
  const { name, version, revision, digest, leads } = report
  return {
    name,
    version,
    revision,
    digest,
    leads,
    startedAt: startedAt.toISOString(),
    at: at.toISOString(),
    silent: isSilent,
    breakers: { ...breakers }
  }
}
