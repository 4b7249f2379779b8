import { once } from 'node:events'
import { appendFile, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { ConfigInvalidError } from '../../../gateway/config/problem.ts'
import type { ConfigStore } from '../../../gateway/config/store.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { type Folder, freshFolder, openStore } from './support.ts'

let folder: Folder
let file: string
let log: Folder['log']

beforeEach(async () => {
  folder = await freshFolder()
  file = folder.file
  log = folder.log
})

function textOf(weight: number | string): string {
  const route = `{ "id": "a", "paths": ["/a"], "methods": ["GET"],\n "weight": ${weight} }`
  return `{ "version": 1, "targets": { "legacy": { "url": "http://127.0.0.1:1" } },\n "routes": [${route}] }\n`
}

const open = async (options?: Parameters<typeof openStore>[1]) => (await openStore(folder, options)).store
const weightOf = (store: ConfigStore) => store.current.table.routes[0]?.weight
const messages = () => log.map(({ level, message }) => `${level}: ${message}`)

describe('at start', () => {
  it('serves the file as revision 1', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    expect([store.current.number, weightOf(store), store.problems]).toEqual([1, 10, []])
    expect(store.current.digest).toMatch(/^[0-9a-f]{12}$/)
    expect(store.lastReload).toEqual({ at: store.current.loadedAt, successful: true })
  })

  it('refuses a bad file, with every problem', async () => {
    await writeFile(file, textOf('140,\n "nativ": 1'))
    const error = await open().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ConfigInvalidError)
    expect(error).toHaveProperty(
      'message',
      expect.stringMatching(/:3:12 \/routes\/0\/weight: found 140.*\n.*:4:2 .*"native"/)
    )
  })

  it('refuses a file that is not there', async () => {
    await expect(open()).rejects.toThrow(
      'routing.config.json:1:1 /: found nothing (ENOENT), expected a file that can be read'
    )
  })
})

describe('an edit', () => {
  it('serves within a second of the save, as the next revision', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    const { number: previous, digest: before } = store.current
    const applied = once(store, 'revision', { signal: AbortSignal.timeout(1000) })
    await writeFile(file, textOf(25))
    const [revision] = await applied
    expect(revision).toBe(store.current)
    expect([store.current.number, weightOf(store)]).toEqual([2, 25])
    expect(store.current.digest).not.toBe(before)
    const { digest } = store.current
    expect(log.at(-1)).toEqual({
      level: 'info',
      bindings: { revision: 2, digest, previous, by: 'file routing.config.json' },
      message: 'routing configuration applied'
    })
  })

  it('is noticed when a new file is renamed over the old one, every time', async () => {
    await writeFile(file, textOf(0))
    const store = await open()
    for (const weight of [10, 25, 50]) {
      const applied = once(store, 'revision')
      await writeFile(`${file}.new`, textOf(weight))
      await rename(`${file}.new`, file)
      await applied
      expect(weightOf(store)).toBe(weight)
    }
    expect(store.current.number).toBe(4)
  })

  it('is noticed when a symlink is swapped', async () => {
    const [one, two] = [join(folder.path, 'one.json'), join(folder.path, 'two.json')]
    await writeFile(one, textOf(1))
    await writeFile(two, textOf(2))
    await symlink(one, file)
    const store = await open()
    const applied = once(store, 'revision')
    await symlink(two, `${file}.new`)
    await rename(`${file}.new`, file)
    await applied
    expect(weightOf(store)).toBe(2)
  })

  it('is noticed at once on reload, also when its length is the same', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    await writeFile(file, textOf(20))
    await store.reload()
    expect([store.current.number, weightOf(store)]).toEqual([2, 20])
  })

  it('that changes nothing makes no revision', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    await writeFile(file, textOf(10))
    await store.reload()
    expect(store.current.number).toBe(1)
    expect(log).toHaveLength(1)
  })

  it('after the store is closed is not read', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    store.close()
    await writeFile(file, textOf(25))
    await store.reload()
    expect(weightOf(store)).toBe(10)
  })
})

describe('a bad file', () => {
  it('changes nothing, is logged once, and is in problems until it is mended', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    const { current } = store
    const refused = once(store, 'refused')
    await writeFile(file, textOf('140,\n "nativ": 1'))
    const [problems] = await refused
    expect(store.current).toBe(current)
    expect(store.problems).toBe(problems)
    expect(store.problems.map(problem => problem.path)).toEqual(['/routes/0/weight', '/routes/0/nativ'])
    expect(store.lastReload.successful).toBe(false)

    await store.reload()
    await store.reload()
    expect(messages()).toEqual([
      'info: routing configuration loaded',
      'error: routing configuration refused, the revision stays'
    ])
    expect(log.at(-1)?.bindings).toEqual({
      revision: 1,
      digest: current.digest,
      problems: store.problems.map(problem => problem.message)
    })

    const applied = once(store, 'revision')
    await writeFile(file, textOf(50))
    await applied
    expect([store.current.number, weightOf(store), store.problems]).toEqual([2, 50, []])
    expect(store.lastReload.successful).toBe(true)
  })

  it('is logged again when it is bad in another way', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    await writeFile(file, textOf(140))
    await store.reload()
    await writeFile(file, textOf(141))
    await store.reload()
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(2)
    expect(store.problems[0]?.found).toBe('141')
  })

  it('that becomes the old one again is mended, without a revision', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    await writeFile(file, textOf(140))
    await store.reload()
    const mended = once(store, 'mended')
    await writeFile(file, textOf(10))
    await mended
    expect([store.current.number, store.problems, store.lastReload.successful]).toEqual([1, [], true])
    expect(messages().at(-1)).toBe('info: routing configuration mended')
  })

  it('that is half written changes nothing, and serves when the rest is there', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    const text = textOf(75)
    const refused = once(store, 'refused')
    await writeFile(file, text.slice(0, 90))
    await refused
    expect(weightOf(store)).toBe(10)
    const applied = once(store, 'revision')
    await appendFile(file, text.slice(90))
    await applied
    expect([store.current.number, weightOf(store)]).toEqual([2, 75])
  })

  it('that vanishes changes nothing, and may come back', async () => {
    await writeFile(file, textOf(10))
    const store = await open()
    const refused = once(store, 'refused')
    await unlink(file)
    await refused
    expect(weightOf(store)).toBe(10)
    expect(store.problems.map(problem => problem.found)).toEqual(['nothing (ENOENT)'])
    await store.reload()
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(1)
    const applied = once(store, 'revision')
    await writeFile(file, textOf(11))
    await applied
    expect([store.current.number, weightOf(store), store.problems]).toEqual([2, 11, []])
  })

  it('that does not compile changes nothing', async () => {
    await writeFile(file, textOf(10))
    const store = await open({
      compile(config) {
        if (config.routes[0]?.weight === 11) throw new Error('eleven')
        return compileRoutingTable(config, [])
      }
    })
    await writeFile(file, textOf(11))
    await store.reload()
    expect(weightOf(store)).toBe(10)
    expect(store.problems[0]?.expected).toBe('routes that do (eleven)')
  })
})
