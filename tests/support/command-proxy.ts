import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { BSON, type Document } from 'mongodb'
import { onTestFinished } from 'vitest'

export interface Command {
  readonly name: string
  /** Of commands that name one. */
  readonly collection: string | undefined
  /** The session of the transaction that it is a part of. */
  readonly transaction: Document | undefined
}

export interface CommandProxyOptions {
  /** Of the database behind. */
  readonly uri: string
  /** Whether the database may say that it belongs to a replica set, without which there are no transactions. */
  readonly replicaSet: boolean
  /** Says what becomes of every command: it goes on, every connection is cut and it with them, or this is its answer. */
  readonly onCommand: (command: Command) => 'pass' | 'cut' | Document
}

const HEADER_BYTES = 16
const OP_REPLY = 1
const OP_MSG = 2013
/** Where the first document of a message begins. */
const BODY_AT: Readonly<Record<number, number>> = { [OP_REPLY]: HEADER_BYTES + 20, [OP_MSG]: HEADER_BYTES + 5 }
/** What a hello says of a replica set. */
const REPLICA_SET = [
  'setName',
  'setVersion',
  'hosts',
  'passives',
  'arbiters',
  'primary',
  'me',
  'electionId',
  'lastWrite'
]

/** A proxy that reads MongoDB's wire protocol; it goes with the test. Its URI is the answer. */
export async function givenCommandProxy({ uri, replicaSet, onCommand }: CommandProxyOptions): Promise<string> {
  const { hostname, port } = new URL(uri)
  const sockets = new Set<Socket>()
  const cut = () => sockets.forEach(socket => socket.destroy())

  const join = (from: Socket, to: Socket, pass: (message: Buffer) => void) => {
    sockets.add(from)
    let pending = Buffer.alloc(0)
    from
      .on('error', () => to.destroy())
      .on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    from.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= HEADER_BYTES && pending.length >= pending.readInt32LE()) {
        const length = pending.readInt32LE()
        pass(pending.subarray(0, length))
        pending = pending.subarray(length)
      }
    })
  }

  const server = createServer(inbound => {
    const outbound = connect(Number(port), hostname)
    join(inbound, outbound, message => {
      const fate = onCommand(commandOf(message))
      if (fate === 'cut') cut()
      else if (fate === 'pass') outbound.write(message)
      else inbound.write(answerTo(message, fate))
    })
    join(outbound, inbound, message => inbound.write(replicaSet ? message : standalone(message)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    cut()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no TCP port')
  const through = new URL(uri)
  through.port = String(address.port)
  return through.href
}

function commandOf(message: Buffer): Command {
  const document = message.readInt32LE(12) === OP_MSG ? documentAt(message, HEADER_BYTES + 5) : {}
  const [name = '', value] = Object.entries(document)[0] ?? []
  return {
    name,
    collection: typeof value === 'string' ? value : undefined,
    transaction: document['autocommit'] === false ? document['lsid'] : undefined
  }
}

function answerTo(command: Buffer, document: Document): Buffer {
  const head = Buffer.alloc(HEADER_BYTES + 5)
  head.writeInt32LE(command.readInt32LE(4), 8)
  head.writeInt32LE(OP_MSG, 12)
  return withLength(Buffer.concat([head, BSON.serialize(document)]))
}

function withLength(message: Buffer): Buffer {
  message.writeInt32LE(message.length)
  return message
}

/** A hello's answer without what makes it one of a replica set; any other message as it is. */
function standalone(message: Buffer): Buffer {
  const opCode = message.readInt32LE(12)
  const at = BODY_AT[opCode]
  if (at === undefined) return message
  const document = documentAt(message, at)
  if (!('setName' in document)) return message
  for (const field of REPLICA_SET) delete document[field]
  return withLength(Buffer.concat([message.subarray(0, at), BSON.serialize(document)]))
}

/** Values in BSON's own types, so that they are written as they were. */
function documentAt(message: Buffer, at: number): Document {
  const bytes = message.subarray(at, at + message.readInt32LE(at))
  return BSON.deserialize(bytes, { promoteValues: false })
}
