import type { FastifyReply } from 'fastify'

/**
 * A signal that aborts when the client leaves before its answer is whole. (Fastify's own `request.signal` follows the
 * request's `close`, which Node emits as soon as a body has been read: a POST would be given up at once.)
 */
export function clientSignal({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  const onClose = () => {
    if (!raw.writableFinished) leaving.abort()
  }
  if (raw.closed) onClose()
  else raw.once('close', onClose)
  return leaving.signal
}

/** Whether the error says only that the client left, and what was under way for it was given up. */
export function isClientGone(error: Error, { raw }: FastifyReply): boolean {
  return raw.closed && error.name === 'AbortError'
}
