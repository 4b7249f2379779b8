import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url))

const isInstalled = ['promtool', 'prometheus'].every(command => spawnSync(command, ['--version']).status === 0)

/** Without Debian's `prometheus` what needs it is left out, but not in CI, where that is a failure. */
export const WITHOUT_PROMETHEUS = !isInstalled && process.env['CI'] !== 'true'

export interface Told {
  readonly isOk: boolean
  /** Both streams. */
  readonly text: string
}

export function promtool(args: readonly string[], input = ''): Told {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8', cwd: DEPLOY })
  if (error !== undefined) throw new Error(`promtool cannot be run (${error.message}): install Debian's prometheus`)
  return { isOk: status === 0, text: `${stdout}${stderr}` }
}

/** The metrics that an expression names, of those that a gateway, its process, nginx or a recording rule has. */
export function metricsIn(expr: string): string[] {
  const bare = expr.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  return bare.match(/\b(?:[a-z_]+:[a-z0-9_:]+|(?:gateway|nodejs|process|nginx)_[a-z0-9_]+)/g) ?? []
}

/** The names of all samples of an exposition. */
export function namesIn(exposition: string): Set<string> {
  return new Set(
    exposition
      .split('\n')
      .flatMap(line => (line === '' || line.startsWith('#') ? [] : (/^[\w:]+/.exec(line)?.[0] ?? [])))
  )
}
