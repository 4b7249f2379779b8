import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AuditEntriesSchema, CredentialsSchema, SessionSchema } from '../../../gateway/admin/schemas.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'
import { call as request, gatewayForTest } from '../gateway/support.ts'
import { call, credentialOf, get, startScene } from './support.ts'

const DAY_MS = 24 * 3_600_000

test('the first start makes one operator credential, says it once, and keeps only its hash', async () => {
  const scene = await startScene()
  expect(scene.announced).toHaveLength(1)
  expect(scene.first).toMatch(/^sgw_[\w-]{43}$/)
  const session = await get(scene, SessionSchema, 'GET /api/session')
  expect(session).toEqual({ name: 'first-start', role: 'operator', expires: '2026-01-06T12:00:00.000Z' })

  const file = join(scene.directory, 'credentials.json')
  const text = await readFile(file, 'utf8')
  expect(text).not.toContain(scene.first)
  expect(text).toMatch(/"sha256": "[0-9a-f]{64}"/)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await scene.close()

  const again = await startScene({ folder: scene.folder, clock: scene.clock })
  expect(again.announced).toEqual([])
  expect((await call(again, 'GET /api/session', { credential: scene.first })).status).toBe(200)
})

test('the first credential ends after a day', async () => {
  const scene = await startScene()
  scene.clock.advance(DAY_MS - 1)
  expect((await call(scene, 'GET /api/session')).status).toBe(200)
  scene.clock.advance(1)
  expect((await call(scene, 'GET /api/session')).status).toBe(401)
})

test('the first credential ends with the first other operator, and not with a viewer', async () => {
  const scene = await startScene()
  const viewer = await credentialOf(scene, 'bob', 'viewer')
  expect((await call(scene, 'GET /api/session')).status).toBe(200)
  const operator = await credentialOf(scene, 'alice', 'operator')
  expect((await call(scene, 'GET /api/session')).status).toBe(401)
  expect(await get(scene, SessionSchema, 'GET /api/session', { credential: viewer })).toEqual({
    name: 'bob',
    role: 'viewer'
  })
  const list = await get(scene, CredentialsSchema, 'GET /api/credentials', { credential: operator })
  expect(list.map(({ name, role, temporary }) => [name, role, temporary])).toEqual([
    ['bob', 'viewer', false],
    ['alice', 'operator', false]
  ])
})

test('making and deleting is audited with who did it, and nothing of the secret', async () => {
  const scene = await startScene()
  const alice = await credentialOf(scene, 'alice', 'operator')
  const bob = await credentialOf(scene, 'bob', 'viewer').catch(() => undefined)
  expect(bob).toBeUndefined()
  const made = await call(scene, 'POST /api/credentials', {
    credential: alice,
    body: { name: 'bob', role: 'viewer' }
  })
  expect(made).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store' } })
  expect(await call(scene, 'DELETE /api/credentials/bob', { credential: alice })).toMatchObject({
    status: 204,
    text: ''
  })
  const entries = await get(scene, AuditEntriesSchema, 'GET /api/audit', { credential: alice })
  expect(entries.slice(0, 4).map(({ action, actor, changes }) => ({ action, by: actor.name, changes }))).toEqual([
    { action: 'credential.delete', by: 'alice', changes: [{ path: '/credentials/bob', from: 'viewer' }] },
    { action: 'credential.create', by: 'alice', changes: [{ path: '/credentials/bob', to: 'viewer' }] },
    {
      action: 'credential.create',
      by: 'first-start',
      changes: [
        { path: '/credentials/first-start', from: 'operator' },
        { path: '/credentials/alice', to: 'operator' }
      ]
    },
    { action: 'credential.create', by: 'gateway', changes: [{ path: '/credentials/first-start', to: 'operator' }] }
  ])
  expect(await readFile(join(scene.directory, 'audit.jsonl'), 'utf8')).not.toContain('sgw_')
})

test('a viewer can go while the one of the first start is the only operator', async () => {
  const scene = await startScene()
  await credentialOf(scene, 'bob', 'viewer')
  expect(await call(scene, 'DELETE /api/credentials/bob')).toMatchObject({ status: 204 })
  expect(await call(scene, 'DELETE /api/credentials/first-start')).toMatchObject({ status: 409 })
})

test('what cannot be made or deleted is refused in words', async () => {
  const scene = await startScene()
  const alice = await credentialOf(scene, 'alice', 'operator')
  const refusals: [Parameters<typeof call>[1], unknown, number, string][] = [
    ['DELETE /api/credentials/alice', undefined, 409, '"alice" is the last operator credential'],
    ['DELETE /api/credentials/alise', undefined, 404, 'did you mean "alice"?'],
    ['POST /api/credentials', { name: 'alice', role: 'viewer' }, 409, 'there is a credential "alice" already'],
    ['POST /api/credentials', { name: 'automation', role: 'viewer' }, 409, 'choose another'],
    ['POST /api/credentials', { name: 'a b', role: 'viewer' }, 400, 'the body\'s "name": found "a b", expected a name'],
    ['POST /api/credentials', { name: 'c', role: 'root' }, 400, 'expected one of viewer, operator'],
    ['POST /api/credentials', { name: 'c' }, 400, 'the body\'s "role": found nothing']
  ]
  for (const [route, body, status, message] of refusals) {
    const answer = await call(scene, route, { credential: alice, body })
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } })
  }
})

test('when the audit cannot be written nothing is made and nothing goes', async () => {
  let isFull = false
  const files: Files = {
    ...durableFiles,
    append: (file, text) =>
      isFull
        ? Promise.reject(Object.assign(new Error('no'), { code: 'ENOSPC', syscall: 'write' }))
        : durableFiles.append(file, text)
  }
  const scene = await startScene({ files })
  const alice = await credentialOf(scene, 'alice', 'operator')
  await credentialOf({ ...scene, first: alice }, 'bob', 'viewer')
  const kept = await readFile(join(scene.directory, 'credentials.json'), 'utf8')
  isFull = true
  const made = await call(scene, 'POST /api/credentials', { credential: alice, body: { name: 'eve', role: 'viewer' } })
  expect(made).toMatchObject({ status: 409, body: { error: 'refused', message: expect.stringContaining('ENOSPC') } })
  const removed = await call(scene, 'DELETE /api/credentials/bob', { credential: alice })
  expect(removed).toMatchObject({ status: 409, body: { error: 'refused' } })
  expect(await readFile(join(scene.directory, 'credentials.json'), 'utf8')).toBe(kept)
  const list = await get(scene, CredentialsSchema, 'GET /api/credentials', { credential: alice })
  expect(list.map(({ name }) => name)).toEqual(['alice', 'bob'])
})

test('a damaged file lets nobody in, and is left as it is', async () => {
  const scene = await startScene()
  await scene.close()
  const file = join(scene.directory, 'credentials.json')
  await writeFile(file, '{ "version": 1, "credentials": [{}] }')
  const again = await startScene({ folder: scene.folder, clock: scene.clock })
  expect(again.announced).toEqual([])
  expect((await call(again, 'GET /api/session', { credential: scene.first })).status).toBe(401)
  expect(await readFile(file, 'utf8')).toContain('[{}]')
})

test('a process prints it on a line of its own, and nowhere else', async () => {
  const running = await gatewayForTest({})
  const lines = running.lines().filter(line => line.includes('sgw_'))
  expect(lines).toHaveLength(1)
  const credential = /^scribe-gateway: .*: (sgw_[\w-]{43})$/.exec(lines[0] ?? '')?.[1]
  const answer = await request(running.adminUrl, '/api/session', { headers: { authorization: `Bearer ${credential}` } })
  expect(answer).toMatchObject({ status: 200, body: { name: 'first-start', role: 'operator' } })
  expect((await request(running.url, '/api/session')).status).not.toBe(200)
})
