import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const VERSION = '0.7.0b3'
const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url))
const HOME = join(CACHE, `secantusdb-${VERSION}`)
const INSTALL_LIMIT_MS = 300_000

const run = promisify(execFile)

export interface Command {
  readonly command: string
  readonly args: readonly string[]
}

/**
 * The command of SecantusDB, a server that speaks MongoDB's wire protocol. It is installed from PyPI into `.cache/` of
 * this checkout the first time.
 *
 * @throws Error that says what is missing on this machine
 */
export async function secantusdb(): Promise<Command> {
  if (!(await isInstalled(HOME))) await install()
  return commandIn(HOME)
}

/** Through its Python rather than its `#!` line, which holds an absolute path: the checkout may be moved. */
function commandIn(home: string): Command {
  return { command: join(home, 'bin', 'python'), args: [join(home, 'bin', 'secantusd-py')] }
}

async function isInstalled(home: string): Promise<boolean> {
  const { command, args } = commandIn(home)
  try {
    await Promise.all([command, ...args].map(file => access(file)))
    return true
  } catch {
    return false
  }
}

/**
 * Into a folder of its own name, which becomes the installation by one atomic link when it is whole: an install that was
 * cut off is never taken for one, and two at the same time do not meet.
 */
async function install(): Promise<void> {
  const folder = `${HOME}-${randomBytes(6).toString('hex')}`
  await mkdir(CACHE, { recursive: true })
  try {
    await step('python3', ['-m', 'venv', folder], 'needs python3 with its venv module (Debian: python3, python3-venv)')
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check']
    await step(
      join(folder, 'bin', 'python'),
      [...pip, `SecantusDB==${VERSION}`],
      'needs to reach a Python package index'
    )
    if (await isInstalled(HOME)) {
      await rm(folder, { recursive: true })
      return
    }
    const link = `${folder}.link`
    await symlink(basename(folder), link)
    await rename(link, HOME)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

async function step(command: string, args: readonly string[], need: string): Promise<void> {
  try {
    await run(command, args, { timeout: INSTALL_LIMIT_MS })
  } catch (error) {
    const alternatives = 'Or set MONGODB_URI, or put a mongod on the PATH, and it is not needed.'
    throw new Error(`installing the database SecantusDB ${VERSION} ${need}. ${alternatives}\n${reasonOf(error)}`, {
      cause: error
    })
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const output = ['stdout', 'stderr'].map(stream => String(Reflect.get(error, stream) ?? '').trim())
  return [error.message, ...output].filter(text => text !== '').join('\n')
}
