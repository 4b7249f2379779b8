import { Value } from '@sinclair/typebox/value'
import { createEventSource } from 'eventsource-client'
import { type GatewayEvent, GatewayEventSchema } from '../../admin/schemas.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT } from '../errors.ts'
import { takeSnapshot } from '../watch/snapshot.ts'
import { jsonView, linesView, type View } from '../watch/view.ts'

const REFRESH_MS = 2000

/**
 * Shows how every route stands, again with every event and every two seconds, until somebody ends it. What breaks off
 * later is tried again.
 *
 * @throws CliError when the gateway cannot be reached to begin with, or does not take the credential.
 */
export async function watch(context: Context): Promise<void> {
  const client = await context.client()
  const ending = new AbortController()
  const { signal } = ending
  context.io.onInterrupt(() => ending.abort())
  let snapshot = await takeSnapshot(client, signal)

  const view = await viewFor(context)
  const bell = createBell(signal)
  const events = createEventSource({
    ...client.events,
    onMessage({ data }) {
      const event = eventOf(data)
      if (event === undefined) return
      view.event(event)
      bell.ring()
    }
  })
  try {
    for (;;) {
      view.snapshot(snapshot)
      snapshot = await nextSnapshot()
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    events.close()
    view.close()
  }

  async function nextSnapshot() {
    for (;;) {
      await bell.rung(REFRESH_MS)
      signal.throwIfAborted()
      try {
        return await takeSnapshot(client, signal)
      } catch (error) {
        if (!(error instanceof CliError) || error.exitCode !== EXIT.unreachable || signal.aborted) throw error
        view.stale(error.message)
      }
    }
  }
}

async function viewFor({ io, isJson }: Context): Promise<View> {
  if (isJson) return jsonView(io)
  if (!io.stdout.isTTY) return linesView(io)
  const { screenView } = await import('../watch/screen.ts')
  return screenView(io)
}

/** Wakes one who waits; a ring while nobody waits is kept. */
function createBell(end: AbortSignal) {
  let waiting = Promise.withResolvers<void>()
  end.addEventListener('abort', () => waiting.resolve())
  return {
    ring: () => waiting.resolve(),
    async rung(limitMs: number): Promise<void> {
      const timer = setTimeout(() => waiting.resolve(), limitMs)
      await waiting.promise
      clearTimeout(timer)
      if (!end.aborted) waiting = Promise.withResolvers<void>()
    }
  }
}

function eventOf(data: string): GatewayEvent | undefined {
  try {
    const event: unknown = JSON.parse(data)
    return Value.Check(GatewayEventSchema, event) ? event : undefined
  } catch {
    return undefined
  }
}
