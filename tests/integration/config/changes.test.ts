import { once } from 'node:events'
import { chmod, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AUDIT_LOG, verifyAudit } from '../../../gateway/audit/audit.ts'
import { restore, setKillSwitch, setRouteKillSwitch, setWeight } from '../../../gateway/config/edits.ts'
import type { Change, ConfigStore } from '../../../gateway/config/store.ts'
import { ALICE, configText, freshFolder, openStore, weightsOf } from './support.ts'

async function opened(text = configText(10)) {
  const folder = await freshFolder()
  await writeFile(folder.file, text)
  return { folder, ...(await openStore(folder)) }
}

/** By alice, on the revision that serves, for a reason; unless told otherwise. */
const change = (store: ConfigStore, edit: Change['edit'], rest: Partial<Change> = {}) =>
  store.change({ expected: store.current.number, edit, actor: ALICE, reason: 'as planned', ...rest })

describe('a change', () => {
  it('changes the file and what serves, keeping every other byte, and is in history and audit', async () => {
    const { folder, store, audit } = await opened()
    await chmod(folder.file, 0o640)
    const applied = once(store, 'revision')
    const result = await change(store, setWeight(['a'], 25), { evidence: { requests: 412 } })

    expect(result).toEqual({ outcome: 'applied', revision: store.current })
    expect([store.current.number, weightsOf(store)]).toEqual([2, [25, 0]])
    expect(await readFile(folder.file, 'utf8')).toBe(configText(25))
    expect((await stat(folder.file)).mode & 0o777).toBe(0o640)
    const changes = [{ path: '/routes/a/weight', from: 10, to: 25 }]
    const record = { number: 2, digest: store.current.digest, actor: ALICE, reason: 'as planned', changes }
    const [revision, told] = await applied
    expect(revision).toBe(store.current)
    expect(told).toMatchObject(record)
    expect(await store.history.list({ limit: 1 })).toEqual([told])
    const [entry, first] = await audit.entries({ limit: 10 })
    expect(entry).toMatchObject({
      seq: 2,
      actor: ALICE,
      action: 'config.change',
      routes: ['a'],
      revision: { from: 1, to: 2 },
      changes,
      reason: 'as planned',
      evidence: { requests: 412 },
      previous: first?.hash
    })
    expect(first).toMatchObject({ actor: { kind: 'system' }, revision: { from: 0, to: 1 } })
    expect(await verifyAudit(join(folder.directory, AUDIT_LOG))).toMatchObject({ ok: true, entries: 2 })
    expect((await stat(folder.directory)).mode & 0o777).toBe(0o700)
    // Not taken for an edit by hand afterwards.
    await store.reload()
    expect(store.current.number).toBe(2)
    expect(await readdir(folder.path)).toEqual(['routing.config.json', 'state'])
  })

  it('based on another revision is stale, and is told what changed since', async () => {
    const { store } = await opened()
    await change(store, setWeight(['a'], 25))
    await change(store, setKillSwitch(true))
    const { current } = store
    expect(await change(store, setWeight(['a'], 50), { expected: 1 })).toEqual({
      outcome: 'stale',
      current,
      changes: [
        { path: '/routes/a/weight', from: 10, to: 25 },
        { path: '/killSwitch', to: true }
      ]
    })
    expect(await change(store, setWeight(['a'], 50), { expected: 9 })).toEqual({
      outcome: 'stale',
      current,
      changes: []
    })
    expect(store.current).toBe(current)
  })

  it('comes after an edit by hand that was not noticed yet', async () => {
    const { folder, store } = await opened()
    await writeFile(folder.file, configText(12))
    const result = await change(store, setWeight(['b'], 5))
    expect(result).toMatchObject({ outcome: 'stale', changes: [{ path: '/routes/a/weight', from: 10, to: 12 }] })
    expect(weightsOf(store)).toEqual([12, 0])
  })

  it('of many at the same time on one revision is made once', async () => {
    const { folder, store } = await opened()
    const results = await Promise.all(
      [11, 12, 13, 14, 15].map(weight => change(store, setWeight(['a'], weight), { expected: 1 }))
    )
    expect(results.map(({ outcome }) => outcome)).toEqual(['applied', 'stale', 'stale', 'stale', 'stale'])
    expect([store.current.number, weightsOf(store)]).toEqual([2, [11, 0]])
    expect(await readFile(folder.file, 'utf8')).toBe(configText(11))
  })

  it('that is invalid, of an unknown route, or of nothing changes nothing', async () => {
    const { folder, store } = await opened()
    expect(await change(store, setWeight(['a'], 140))).toMatchObject({
      outcome: 'invalid',
      problems: [{ line: 5, path: '/routes/0/weight', found: '140' }]
    })
    expect(await change(store, setWeight(['aa'], 14))).toEqual({
      outcome: 'refused',
      message: 'no route has the id "aa" (did you mean "a"?)'
    })
    expect(await change(store, setWeight(['a'], 10))).toEqual({ outcome: 'unchanged', revision: store.current })
    expect(await change(store, setKillSwitch(false))).toMatchObject({ outcome: 'unchanged' })
    expect(store.current.number).toBe(1)
    expect(await readFile(folder.file, 'utf8')).toBe(configText(10))
    expect(await readdir(join(folder.directory, 'revisions'))).toEqual(['000001.json'])
  })

  it('needs a reason where it exposes more callers to native, and only there', async () => {
    const { store } = await opened()
    const unexplained = async (edit: Change['edit']) => {
      const result = await change(store, edit, { reason: '  ', actor: { kind: 'controller', name: 'rollout' } })
      return result.outcome === 'refused' ? result.message : result.outcome
    }
    expect(await unexplained(setWeight(['a', 'b'], 25))).toBe(
      'a reason is required, since this raises the weight of "a" from 10 to 25, and 1 more'
    )
    expect(await unexplained(setWeight(['a'], 5))).toBe('applied')
    expect(await unexplained(setRouteKillSwitch(['a'], true))).toBe('applied')
    expect(await unexplained(setKillSwitch(true))).toBe('applied')
    expect(await unexplained(setRouteKillSwitch(['a'], false))).toMatch(/turns the kill switch of "a" off$/)
    expect(await unexplained(setKillSwitch(false))).toMatch(/turns the kill switch of the gateway off$/)
    expect(await unexplained(restore(configText(10)))).toMatch(/the kill switch of the gateway off, and 2 more$/)
    expect(
      await unexplained(text => text.replace('"weight": 5', '"weight": 5, "rollout": { "advance": "automatic" }'))
    ).toMatch(/lets a rollout of "a" advance by itself$/)
  })

  it('goes to the file that a symlink leads to', async () => {
    const folder = await freshFolder()
    const real = join(folder.path, 'real.json')
    await writeFile(real, configText(10))
    await symlink(real, folder.file)
    const { store } = await openStore(folder)
    expect(await change(store, setWeight(['a'], 25))).toMatchObject({ outcome: 'applied' })
    expect(await readFile(real, 'utf8')).toBe(configText(25))
    expect(await readdir(folder.path)).toEqual(['real.json', 'routing.config.json', 'state'])
  })

  it('can be made while the file holds a refused edit, which is set aside', async () => {
    const { folder, store } = await opened()
    await writeFile(folder.file, configText('"ten"'))
    await store.reload()
    expect(store.problems).toHaveLength(1)
    expect(await change(store, setWeight(['a'], 0), { reason: '' })).toMatchObject({ outcome: 'applied' })
    expect(store.problems).toEqual([])
    expect(await readFile(folder.file, 'utf8')).toBe(configText(0))
    const aside = join(folder.directory, 'set-aside', '000002.json')
    expect(await readFile(aside, 'utf8')).toBe(configText('"ten"'))
    expect(folder.log).toContainEqual({
      level: 'error',
      bindings: { file: aside, revision: 2 },
      message: 'an edit by hand that was not in force was set aside'
    })
  })

  it('is refused once the store is closed', async () => {
    const { store } = await opened()
    store.close()
    expect(await change(store, setWeight(['a'], 0))).toEqual({ outcome: 'refused', message: 'the gateway is stopping' })
  })
})

describe('a preview', () => {
  it('says what an edit would come to, and changes nothing', async () => {
    const { store } = await opened()
    const preview = store.preview(setWeight(['b'], 30))
    expect(preview).toMatchObject({
      outcome: 'valid',
      text: configText(10, 30),
      changes: [{ path: '/routes/b/weight', from: 0, to: 30 }],
      raises: ['raises the weight of "b" from 0 to 30']
    })
    expect(store.current.number).toBe(1)
  })
})

describe('the history', () => {
  it('lists, shows, compares and restores revisions', async () => {
    const { folder, store } = await opened()
    await change(store, setWeight(['a'], 25), { reason: 'the first step' })
    await writeFile(folder.file, configText(50))
    await store.reload()
    await change(store, restore((await store.history.text(2)) ?? ''), { reason: '' })

    expect(weightsOf(store)).toEqual([25, 0])
    const list = await store.history.list({ limit: 10 })
    expect(list.map(({ number, actor, reason }) => [number, `${actor.kind} ${actor.name}`, reason])).toEqual([
      [4, 'operator alice', ''],
      [3, 'file routing.config.json', 'edited by hand'],
      [2, 'operator alice', 'the first step'],
      [1, 'system gateway', 'the first start']
    ])
    expect((await store.history.list({ limit: 2, before: 4 })).map(({ number }) => number)).toEqual([3, 2])
    expect(await store.history.text(1)).toBe(configText(10))
    expect(await store.history.text(5)).toBeUndefined()
    expect(await store.history.diff(3, 1)).toEqual([{ path: '/routes/a/weight', from: 50, to: 10 }])
    expect(await store.history.diff(4, 2)).toEqual([])
    expect(await store.history.diff(1, 5)).toBeUndefined()
  })

  it('goes on over restarts, and has the edit that was made in between', async () => {
    const { folder, store } = await opened()
    await change(store, setWeight(['a'], 25))
    store.close()
    const { store: second } = await openStore(folder)
    expect([second.current.number, weightsOf(second)]).toEqual([2, [25, 0]])
    second.close()

    // Back to what revision 1 was: an edit nevertheless, not a change to complete.
    await writeFile(folder.file, configText(10))
    const { store: third } = await openStore(folder)
    expect([third.current.number, weightsOf(third)]).toEqual([3, [10, 0]])
    const [newest] = await third.history.list({ limit: 1 })
    expect(newest).toMatchObject({
      actor: { kind: 'file', name: 'routing.config.json' },
      reason: 'edited by hand while the gateway was stopped',
      changes: [{ path: '/routes/a/weight', from: 25, to: 10 }]
    })
    expect(await verifyAudit(join(folder.directory, AUDIT_LOG))).toMatchObject({ ok: true, entries: 3 })
  })
})
