import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Wire {
  /** Of the same database, through the wire. */
  readonly uri: string
  /** Lets nothing through any more, and keeps what comes. */
  hold(): void
  release(): void
  /** Resets every connection and refuses new ones. */
  cut(): void
  /** Takes connections again, on the same port. */
  mend(): Promise<void>
}

/** A wire between a driver and its database that can be held, cut and mended; it goes with the test. */
export async function givenWire(uri: string): Promise<Wire> {
  const target = new URL(uri)
  const sockets = new Set<Socket>()
  let server: Server

  const listen = async (port: number): Promise<number> => {
    server = createServer(inbound => {
      const outbound = connect(Number(target.port), target.hostname)
      join(inbound, outbound)
      join(outbound, inbound)
    })
    await once(server.listen(port, '127.0.0.1'), 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }
  const join = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('error', () => to.destroy()).on('close', () => to.destroy())
    from.pipe(to)
  }

  const port = await listen(0)
  const through = new URL(uri)
  through.host = `127.0.0.1:${port}`
  through.searchParams.set('directConnection', 'true')
  const wire: Wire = {
    uri: through.href,
    hold: () => sockets.forEach(socket => socket.pause()),
    release: () => sockets.forEach(socket => socket.resume()),
    cut() {
      server.close()
      sockets.forEach(socket => socket.destroy())
      sockets.clear()
    },
    async mend() {
      await listen(port)
    }
  }
  onTestFinished(() => wire.cut())
  return wire
}
