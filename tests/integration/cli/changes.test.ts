import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { appliedWith } from '../../support/gateway.ts'
import { cli, freshFolder, type Scene, startScene } from './support.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene({ weights: { 'users.login': 80 } })
})
afterAll(() => scene.stop())

test('kill asks for nothing, unkill for a reason and above 50 % for a yes', async () => {
  const planned = await scene.run('kill', 'users.login', '--dry-run')
  expect(planned.stdout).toMatch(/^users\.login +80 % +→ +killed \(80 %\) +0 callers +nobody$/m)
  const kill = await scene.run('kill', 'users.login')
  expect(kill).toMatchObject({ code: 0, stderr: '' })
  expect(kill.stdout).toBe(
    "✓ Killed users.login: native gets none of its callers. Revision 1 → 2.\nUndo: gateway unkill users.login --reason '…'"
  )
  const again = await scene.run('kill', 'users.login')
  expect(again.stdout).toMatch(/^✓ users\.login was killed already\. Revision 2 stays\./)

  const unreasoned = await scene.run('unkill', 'users.login', '--yes')
  expect(unreasoned.code).toBe(2)
  const unasked = await scene.run('unkill', 'users.login', '--reason', 'fixed')
  expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining('1 route would rise above 50 %') })
  const unkill = await scene.run('unkill', 'users.login', '--reason', 'fixed', '--yes', '--json')
  expect(unkill.json()).toMatchObject({ from: 2, to: 3, undo: 'gateway kill users.login' })
  const unknown = await scene.run('kill', 'users.logn')
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "users.login"?') })

  const all = await scene.run('kill', '--all', '--reason', 'a drill')
  expect(all.stdout).toMatch(/^✓ Killed the gateway: .*\nUndo: gateway unkill --all --reason '…'$/)
  const back = await scene.run('unkill', '--all', '--reason', 'the drill is over', '--yes')
  expect(back.stdout).toContain('kill switch on → off of the gateway')
})

test('restore puts a revision back and tells its undo', async () => {
  await scene.run('set', 'ai', '5', '--reason', 'a trial')
  const planned = await scene.run('plan', 'restore', '1')
  expect(planned.stdout).toMatch(/^ai\.search +5 % +→ +0 % /m)
  const done = await scene.run('restore', '1')
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(done.stdout).toMatch(
    /^✓ Restored revision 1 \(\d+ fields\): .*weight 5 % → 0 % of ai\.search, .* Revision (\d+) → \d+\.\nUndo: gateway restore \1 --reason '…'$/
  )
  const unknown = await scene.run('restore', '99')
  expect(unknown).toMatchObject({ code: 2, stdout: '' })
})

test('apply makes a file the configuration, when it is valid', async () => {
  const file = join(await freshFolder(), 'next.json')
  await copyFile(scene.gateway.configFile, file)
  const same = await scene.run('apply', file)
  expect(same.stdout).toMatch(/^✓ It was so already\. Revision \d+ stays\.$/)

  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('"responseMs": 60000', '"responseMs": 20000'))
  const planned = await scene.run('plan', 'apply', file)
  expect(planned.stdout).toMatch(/^the gateway +defaults\.timeouts\.responseMs +60000 +→ +20000$/m)
  const done = await scene.run('apply', file, '--json')
  expect(done.json()).toMatchObject({ changes: [{ path: '/defaults/timeouts/responseMs', from: 60_000, to: 20_000 }] })

  await writeFile(file, text.replace('"responseMs": 60000', '"responseMs": "long"'))
  const invalid = await scene.run('apply', file)
  expect(invalid).toMatchObject({ code: 1, stdout: '' })
  expect(invalid.stderr).toMatch(
    /^ +routing\.config\.json:\d+:\d+ \/defaults\/timeouts\/responseMs: found "long", expected /m
  )
})

test('set --file is taken over by the gateway that runs, and audited as the change of the file', async () => {
  const { configFile } = scene.gateway
  const done = await cli(['set', 'prompts', '5', '--file', configFile])
  expect(done.code).toBe(0)
  const isApplied = appliedWith(await readFile(configFile, 'utf8'))
  await scene.gateway.waitForLog(entry => isApplied(entry) || undefined)
  const audit = await scene.run('audit', '--limit', '1', '--json')
  expect(audit.json()).toMatchObject([{ actor: { kind: 'file' }, changes: [{ to: 5 }, {}, {}, {}, {}] }])
})

test('credentials are made, listed, used by their role, and deleted', async () => {
  const admin = await scene.run('credentials', 'create', 'anna', '--role', 'operator')
  expect(admin).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sgw_[\w-]+$/) })
  expect(admin.stderr).toBe(
    'Made the operator credential "anna". It is shown this once. Undo: gateway credentials delete anna'
  )
  const ended = await scene.run('status')
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('a credential is needed') })

  const file = join(await freshFolder(), 'credential')
  await writeFile(file, `${admin.stdout}\n`)
  const asAnna = (...args: readonly string[]) =>
    cli([...args, '--credential-file', file], { env: { GATEWAY_ADMIN_URL: scene.gateway.adminUrl } })
  const viewer = (await asAnna('credentials', 'create', 'ci', '--role', 'viewer', '--json')).json()
  expect(viewer).toMatchObject({ name: 'ci', role: 'viewer', undo: 'gateway credentials delete ci' })
  const credential = viewer instanceof Object && 'credential' in viewer ? String(viewer.credential) : ''
  const env = { GATEWAY_ADMIN_URL: scene.gateway.adminUrl, GATEWAY_CREDENTIAL: credential }
  expect(await cli(['routes'], { env })).toMatchObject({ code: 0 })
  const forbidden = await cli(['kill', '--all', '--json'], { env })
  expect(forbidden).toMatchObject({ code: 1, stdout: '' })
  expect(forbidden.error()).toMatchObject({ error: 'forbidden' })

  const list = await asAnna('credentials', 'list')
  expect(list.stdout).toMatch(/^anna +operator +\S+ \S+ UTC\nci +viewer +/m)
  const planned = await asAnna('credentials', 'delete', 'ci', '--dry-run')
  expect(planned.stdout).toBe('Would delete the credential "ci".')
  expect(await asAnna('credentials', 'delete', 'ci')).toMatchObject({ code: 0 })
  expect(await cli(['routes'], { env })).toMatchObject({ code: 2 })
  const last = await asAnna('credentials', 'delete', 'anna')
  expect(last).toMatchObject({ code: 1, stderr: expect.stringContaining('the last operator credential') })
})

test('audit verify finds what was tampered with, with and without the gateway', async () => {
  const whole = await cli(['audit', 'verify', '--state-dir', scene.stateDir])
  expect(whole).toMatchObject({ code: 0, stderr: '' })
  expect(whole.stdout).toMatch(/^The audit is whole: \d+ entries, the last is number \d+ \([0-9a-f]{64}\)\.$/)

  expect(await cli(['audit', 'verify', scene.stateDir, '--json'])).toMatchObject({ code: 0 })

  const folder = await freshFolder()
  const copy = join(folder, 'audit.jsonl')
  await copyFile(join(scene.stateDir, 'audit.head'), join(folder, 'audit.head'))
  const lines = (await readFile(join(scene.stateDir, 'audit.jsonl'), 'utf8')).trimEnd().split('\n')
  const verified = async (tampered: readonly string[]) => {
    await writeFile(copy, tampered.map(line => `${line}\n`).join(''))
    return cli(['audit', 'verify', copy, '--json'])
  }
  expect((await verified(lines)).json()).toMatchObject({ ok: true, entries: lines.length })
  const changed = await verified(lines.map((line, index) => (index === 1 ? line.replace('"seq":2', '"seq": 2') : line)))
  expect(changed.code).toBe(1)
  expect(changed.json()).toEqual({ ok: false, line: 2, problem: expect.stringContaining('the entry was changed') })
  expect(changed.error()).toMatchObject({ error: 'refused', line: 2 })
  const removed = await verified(lines.toSpliced(2, 1))
  expect(removed.json()).toMatchObject({ ok: false, line: 3, problem: expect.stringContaining('entry 3 is missing') })
  const cut = await verified(lines.slice(0, -1))
  expect(cut).toMatchObject({ code: 1, stdout: expect.stringContaining('missing at the end') })
  const nowhere = await cli(['audit', 'verify', join(folder, 'none.jsonl')])
  expect(nowhere).toMatchObject({ code: 2, stdout: '' })
})

test('audit verify through the gateway finds tampering as well', async () => {
  const other = await startScene()
  try {
    expect(await other.run('audit', 'verify')).toMatchObject({ code: 0 })
    await appendFile(join(other.stateDir, 'audit.jsonl'), '{"seq":3}\n')
    const done = await other.run('audit', 'verify')
    expect(done).toMatchObject({ code: 1, stdout: '' })
    expect(done.stderr).toContain('gateway: the audit is not whole: line 3: the entry was changed')
  } finally {
    await other.stop()
  }
})
