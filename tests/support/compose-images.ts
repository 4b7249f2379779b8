import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ROOT } from './compose.ts'

const run = promisify(execFile)
const LockSchema = Type.Object({
  packages: Type.Record(Type.String(), Type.Object({ dev: Type.Optional(Type.Boolean()) }))
})

/** The stages of a Dockerfile by name, each from what follows `FROM`. */
export function stagesOf(dockerfile: string): ReadonlyMap<string, string> {
  const stages = dockerfile.split(/^FROM /m).slice(1)
  return new Map(stages.map(stage => [/ AS ([\w-]+)/.exec(stage)?.[1] ?? '', stage]))
}

/** Whether .dockerignore keeps a path out, by Docker's rules: the last pattern that has it, or a folder that it is in, decides. */
export function isIgnored(dockerignore: string, path: string): boolean {
  const folders = path.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  const lines = dockerignore.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const deciding = lines.findLast(line => folders.some(folder => expression(line.replace('!', '')).test(folder)))
  return deciding?.startsWith('!') === false
}

/** Only `**` goes over a slash; a dot at the beginning of a name is like any character. */
function expression(pattern: string): RegExp {
  const parts = RegExp.escape(pattern).replaceAll(String.raw`\*\*\/`, '(?:.*/)?')
  return new RegExp(`^${parts.replaceAll(String.raw`\*`, '[^/]*')}$`)
}

/**
 * Makes what stages of the Dockerfile have in their `/app`, each in a folder of its name in `directory`: their `COPY`
 * lines are followed, the `RUN` line of the stage `build` is run. Packages are links to those here, in a production
 * stage to what package-lock.json has not for development only.
 */
export async function makeImages(targets: readonly string[], directory: string): Promise<void> {
  const stages = stagesOf(await readFile(join(ROOT, 'Dockerfile'), 'utf8'))
  const ignore = await readFile(join(ROOT, '.dockerignore'), 'utf8')
  const context = join(directory, 'context')
  await cp(ROOT, context, {
    recursive: true,
    filter: from => relative(ROOT, from) === '' || !isIgnored(ignore, relative(ROOT, from))
  })
  const { packages } = Value.Parse(LockSchema, JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')))
  const all = Object.entries(packages).filter(([path]) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path))
  const production = all.filter(([, { dev }]) => dev !== true)
  await linkPackages(join(directory, 'packages'), all)
  await linkPackages(join(directory, 'production-packages'), production)
  const folder = join(directory, 'build')
  await cp(context, folder, { recursive: true })
  await cp(join(directory, 'packages', 'node_modules'), join(folder, 'node_modules'), { recursive: true })
  const [, command = ''] = /^RUN ((?:.*\\\n)*.*)$/m.exec(stages.get('build') ?? '') ?? []
  await run('sh', ['-c', command], { cwd: folder })
  for (const target of targets) await copied(stages.get(target) ?? '', directory, join(directory, target))
}

async function copied(stage: string, directory: string, app: string): Promise<void> {
  for (const [, from, list = ''] of stage.matchAll(/^COPY (?:--from=([\w-]+) )?(.+)$/gm)) {
    const sources = list.split(' ')
    const to = sources.pop() ?? ''
    for (const source of sources) {
      const here = join(directory, from ?? 'context', source.replace(/^\/app\//, ''))
      // A file's folder is named, a folder's new name.
      await cp(here, to.endsWith('/') ? join(app, to, source) : join(app, to), { recursive: true })
    }
  }
}

/** Those for other platforms are not there,. */
async function linkPackages(directory: string, packages: readonly (readonly [string, unknown])[]): Promise<void> {
  for (const [path] of packages) {
    const link = join(directory, path)
    await mkdir(dirname(link), { recursive: true })
    if (existsSync(join(ROOT, path))) await symlink(join(ROOT, path), link)
  }
}
