/** What a command reads and writes. */
export interface Io {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
  /** Calls `stop` when somebody wants to end a command that goes on by itself (Ctrl-C). */
  readonly onInterrupt: (stop: () => void) => void
}

/** Can somebody be asked? */
export function isInteractive({ stdin, stderr }: Io): boolean {
  return stdin.isTTY && stderr.isTTY
}
