import { type Context, type Span, SpanKind, type Tracer } from '@opentelemetry/api'
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT
} from '@opentelemetry/semantic-conventions'
import type { CommandWatcher } from '../../services/index.ts'
import { fail } from './spans.ts'

interface Started {
  readonly address: string
  readonly databaseName: string
  readonly commandName: string
  readonly command: Readonly<Record<string, unknown>>
}

/** Follows the commands of requests that are followed: their names and collections, nothing that they hold. */
export function watchCommandsOf(tracer: Tracer, followed: () => Context | undefined): CommandWatcher {
  return client => {
    const spans = new Map<number, Span>()
    const end = (requestId: number, failure?: string) => {
      const span = spans.get(requestId)
      if (span === undefined) return
      spans.delete(requestId)
      if (failure !== undefined) fail(span, failure)
      span.end()
    }
    client.on('commandStarted', event => {
      const context = followed()
      if (context === undefined) return
      const { name, attributes } = described(event)
      spans.set(event.requestId, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, context))
    })
    client.on('commandSucceeded', ({ requestId, reply }) => end(requestId, refusedWriteOf(reply)))
    client.on('commandFailed', ({ requestId, failure }) => end(requestId, codeOf(failure)))
  }
}

function described({ address, databaseName, commandName, command }: Started) {
  const collection = collectionOf(commandName, command)
  const at = address.lastIndexOf(':')
  return {
    name: collection === undefined ? commandName : `${commandName} ${collection}`,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: 'mongodb',
      [ATTR_DB_NAMESPACE]: databaseName,
      [ATTR_DB_OPERATION_NAME]: commandName,
      [ATTR_SERVER_ADDRESS]: address.slice(0, at),
      [ATTR_SERVER_PORT]: Number(address.slice(at + 1)),
      ...(collection === undefined ? {} : { [ATTR_DB_COLLECTION_NAME]: collection })
    }
  }
}

/** Commands name their collection as their own value, but this one. */
function collectionOf(name: string, command: Started['command']): string | undefined {
  const value = command[name === 'getMore' ? 'collection' : name]
  return typeof value === 'string' ? value : undefined
}

/** The code of a write that was refused: to the driver, the command that held it succeeded. */
function refusedWriteOf(reply: unknown): string | undefined {
  if (typeof reply !== 'object' || reply === null || !('writeErrors' in reply)) return undefined
  const [first]: unknown[] = Array.isArray(reply.writeErrors) ? reply.writeErrors : []
  return typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : undefined
}

/** Never the message: it may quote a document. */
function codeOf(failure: Error): string {
  const code = 'code' in failure ? failure.code : undefined
  return typeof code === 'number' ? String(code) : failure.name
}
