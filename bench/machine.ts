import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { arch, availableParallelism, cpus, release } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** Where distributions put what they think only root wants, such as nginx. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin']
const TOOLS = { taskset: 'util-linux', wrk: 'wrk', nginx: 'nginx' }

/** Whatever is measured has a core of its own; load, upstream and database share the other. */
export const MEASURED_CORE = 0
const LOAD_CORE = 1

/** The benchmark could not measure; nothing is said about the rules. */
export class CannotMeasure extends Error {
  override readonly name = 'CannotMeasure'
}

/**
 * Pins this process, and so every child that is not pinned elsewhere, to the load core.
 *
 * @throws CannotMeasure when the machine is not Linux with two cores, or lacks a tool
 */
export async function takeLoadCore(): Promise<void> {
  if (process.platform !== 'linux')
    throw new CannotMeasure('the benchmark needs Linux: it pins processes and reads /proc')
  if (availableParallelism() < 2) throw new CannotMeasure('the benchmark needs two cores, one for what is measured')
  process.env.PATH = [process.env.PATH, ...SYSTEM_FOLDERS].join(delimiter)
  const missing: string[] = []
  for (const [tool, debianPackage] of Object.entries(TOOLS)) if (!(await isOnPath(tool))) missing.push(debianPackage)
  if (missing.length > 0) {
    throw new CannotMeasure(`missing on this machine: ${missing.join(', ')}; try apt-get install ${missing.join(' ')}`)
  }
  await promisify(execFile)('taskset', ['-a', '-c', '-p', String(LOAD_CORE), String(process.pid)])
}

/** A line that names the machine, so that numbers can be compared at all. */
export function machine(): string {
  const [cpu] = cpus()
  return `${cpu?.model.trim()} (${cpus().length} cores, ${arch()}), Linux ${release()}, Node ${process.versions.node}`
}

async function isOnPath(tool: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = await access(join(folder, tool), constants.X_OK).then(
      () => true,
      () => false
    )
    if (found) return true
  }
  return false
}
