import { pino } from 'pino'

const WRITE_CHARACTERS = 16_384
const FLUSH_MS = 200

export interface LogDestination {
  write(line: string): void
  /** Writes what is gathered, before the process ends. */
  flushSync(): void
}

/**
 * Standard output, written in large pieces off the event loop.
 *
 * Lines are joined here rather than by pino's destination, which measures all that it has gathered again with every line:
 * that alone was a fiftieth of a relayed request.
 */
export function logDestination(): LogDestination {
  const stdout = pino.destination({ sync: false })
  let gathered = ''
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (gathered !== '') stdout.write(gathered)
    gathered = ''
  }
  return {
    write(line) {
      gathered += line
      if (gathered.length >= WRITE_CHARACTERS) flush()
      else timer ??= setTimeout(flush, FLUSH_MS)
    },
    flushSync() {
      flush()
      stdout.flushSync()
    }
  }
}
