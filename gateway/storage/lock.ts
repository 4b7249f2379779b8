import { hash } from 'node:crypto'
import { mkdir, realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'

/** Somebody else has the directory. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError'
}

/**
 * Makes a directory this process's own until it ends, however it ends: two processes that append to one audit would
 * break its chain. The directory is made when it is not there.
 *
 * What holds it is a socket in Linux's abstract namespace, named after the directory: the kernel lets one process bind
 * it and frees it with the process, so that a crash leaves nothing that would have to be cleared away. It tells
 * processes of one network namespace apart; containers that share a volume are not seen, nor is anybody elsewhere than
 * on Linux.
 *
 * @returns what gives it back.
 * @throws DirectoryInUseError when another process has it.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => {}
  // One that cannot be made is nobody's, and is told of where something is to be written there.
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch(() => {})
  const name = hash('sha256', await realpath(directory).catch(() => resolve(directory)))
  const server = createServer(socket => socket.destroy()).unref()
  const { promise: bound, resolve: done, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ path: `\0scribe-gateway-${name}` }, done)
  try {
    await bound
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (!isTaken) throw error
    throw new DirectoryInUseError(`${directory} is in use by another gateway; each needs a STATE_DIR of its own`)
  }
  return () => {
    const { promise: closed, resolve: ended } = Promise.withResolvers<void>()
    server.close(() => ended())
    return closed
  }
}
