import type { FastifyRequest } from 'fastify'
import { Problem } from '../../admin/problem.ts'

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Lets through only what a page of this very origin sends, whatever cookies a browser adds.
 *
 * What the browser says of itself counts (`Sec-Fetch-Site`, which no script can set); where it says nothing, as on plain
 * http, `Origin` does. Whatever changes something has to be JSON besides, which no form can send.
 *
 * @throws Problem
 */
export async function refuseOtherOrigins(request: FastifyRequest): Promise<void> {
  const { 'sec-fetch-site': site, origin, 'content-type': type = '' } = request.headers
  const isSafe = SAFE.has(request.method)
  const own = `${request.protocol}://${request.host}`.toLowerCase()
  if (site !== undefined) {
    if (site === 'same-origin' || (isSafe && site === 'none')) return requireJson(isSafe, type)
    throw new Problem('forbidden', 'the header Sec-Fetch-Site: expected same-origin, as the dashboard itself sends it')
  }
  if (origin === own || (isSafe && origin === undefined)) return requireJson(isSafe, type)
  throw new Problem('forbidden', `the header Origin: expected ${own}, as the dashboard itself sends it`)
}

function requireJson(isSafe: boolean, type: string): void {
  const [media = ''] = type.split(';', 1)
  if (isSafe || media.trim().toLowerCase() === 'application/json') return
  throw new Problem('forbidden', 'the header Content-Type: expected application/json')
}
