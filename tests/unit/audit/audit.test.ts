import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AUDIT_HEAD, AUDIT_LOG, openAudit, verifyAudit } from '../../../gateway/audit/audit.ts'
import type { AuditRecord } from '../../../gateway/audit/entry.ts'

const ALICE = { kind: 'operator', name: 'alice' } as const

const record = (weight: number, rest: Partial<AuditRecord> = {}): AuditRecord => ({
  actor: ALICE,
  action: 'config.change',
  routes: ['notes.list'],
  revision: { from: weight, to: weight + 1 },
  changes: [{ path: '/routes/notes.list/weight', from: weight, to: weight + 1 }],
  reason: 'as planned',
  ...rest
})

async function opened(entries = 0) {
  const directory = await mkdtemp(join(tmpdir(), 'audit-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const log = join(directory, AUDIT_LOG)
  const head = join(directory, AUDIT_HEAD)
  const told: string[] = []
  const open = () =>
    openAudit({
      directory,
      logger: { error: (bindings, message) => void told.push(`${message} ${JSON.stringify(bindings)}`) },
      now: () => Date.UTC(2026, 10, 23, 8)
    })
  const audit = await open()
  for (let weight = 1; weight <= entries; weight += 1) await audit.append(record(weight))
  const lines = async () => (await readFile(log, 'utf8')).split('\n').slice(0, -1)
  const rewrite = (changed: string[]) => writeFile(log, changed.map(line => `${line}\n`).join(''))
  return { audit, open, log, head, told, lines, rewrite }
}

describe('the audit', () => {
  it('appends entries that are numbered, dated and chained, and finds them again', async () => {
    const { audit, log } = await opened(2)
    const entry = await audit.append(
      record(3, { actor: { kind: 'controller', name: 'rollout' }, routes: ['users.login'], evidence: { p95: 0.2 } })
    )
    expect(entry).toMatchObject({ seq: 3, at: '2026-11-23T08:00:00.000Z', evidence: { p95: 0.2 } })
    const found = async (query: object) => (await audit.entries({ limit: 9, ...query })).map(({ seq }) => seq)
    expect(await found({})).toEqual([3, 2, 1])
    expect(await found({ limit: 1 })).toEqual([3])
    expect(await found({ before: 3 })).toEqual([2, 1])
    expect(await found({ route: 'users.login' })).toEqual([3])
    expect(await found({ actor: 'alice' })).toEqual([2, 1])
    expect(await found({ actions: ['rollout.start'] })).toEqual([])
    const [newest] = await audit.entries({ limit: 1 })
    expect(newest).toEqual(entry)
    expect(await verifyAudit(log)).toEqual({ ok: true, entries: 3, head: { seq: 3, hash: entry.hash } })
  })

  it('is whole when many append at the same time, and goes on after a restart', async () => {
    const { audit, open, log } = await opened()
    const entries = await Promise.all(Array.from({ length: 20 }, (_, weight) => audit.append(record(weight))))
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1))
    await (await open()).append(record(20))
    // The first one notices what came from elsewhere.
    await audit.append(record(21))
    expect(await verifyAudit(log)).toMatchObject({ ok: true, entries: 22 })
  })

  it('cuts off half an entry that a crash left, and says so', async () => {
    const { open, log, told } = await opened(2)
    await appendFile(log, '{"seq":3,"at":"2026')
    const audit = await open()
    expect(told).toEqual(['half an audit entry, left by a crash, was cut off {"line":3}'])
    expect(audit.problem).toBeUndefined()
    expect(await audit.append(record(3))).toMatchObject({ seq: 3 })
    expect(await verifyAudit(log)).toMatchObject({ ok: true, entries: 3 })
  })

  it('takes a head that is one entry behind for a crash, and brings it up to date', async () => {
    const { audit, open, log, head, told } = await opened(1)
    const before = await readFile(head, 'utf8')
    await audit.append(record(2))
    await writeFile(head, before)
    expect(await verifyAudit(log)).toMatchObject({ ok: true, entries: 2 })
    await (await open()).append(record(3))
    expect(await verifyAudit(log)).toMatchObject({ ok: true, entries: 3 })
    expect(told).toEqual([])
  })
})

describe('verifying', () => {
  it('finds nothing wrong with an empty log', async () => {
    const { log, rewrite } = await opened()
    await rewrite([])
    expect(await verifyAudit(log)).toMatchObject({ ok: true, entries: 0 })
  })

  it('finds any changed byte of any entry', async () => {
    const { log, lines, rewrite } = await opened(3)
    const whole = await lines()
    for (const [index, line] of whole.entries()) {
      for (let at = 0; at < line.length; at += 7) {
        const changed = line.slice(0, at) + (line[at] === '0' ? '1' : '0') + line.slice(at + 1)
        await rewrite(whole.with(index, changed))
        expect(await verifyAudit(log)).toMatchObject({ ok: false, line: index + 1 })
      }
    }
  })

  it.each<[string, (lines: string[]) => string[], number, RegExp]>([
    ['an entry missing at the start', lines => lines.slice(1), 1, /^entry 1 is missing before number 2$/],
    [
      'entries missing in the middle',
      ([a = '', , , d = '']) => [a, d],
      2,
      /^entries 2 to 3 are missing before number 4$/
    ],
    ['entries missing at the end', lines => lines.slice(0, 2), 2, /^entries 3 to 4 are missing at the end$/],
    ['all entries missing', () => [], 1, /^entries 1 to 4 are missing at the end$/],
    ['entries that changed places', ([a = '', b = '', c = '', d = '']) => [a, c, b, d], 2, /^entry 2 is missing/],
    [
      'an entry twice',
      ([a = '', b = '', c = '', d = '']) => [a, b, b, c, d],
      3,
      /^the entry is number 2 where number 3/
    ],
    ['an entry cut off', ([a = '', b = '', c = '', d = '']) => [a, b, c, d.slice(0, 40)], 4, /^the entry was changed/]
  ])('finds %s', async (_name, tamper, line, problem) => {
    const { log, lines, rewrite } = await opened(4)
    await rewrite(tamper(await lines()))
    expect(await verifyAudit(log)).toEqual({ ok: false, line, problem: expect.stringMatching(problem) })
  })

  it('finds an entry replaced by one with a right hash, by the next entry or by the head', async () => {
    const { log, lines, rewrite } = await opened(3)
    const other = await opened()
    for (const weight of [7, 8, 9]) await other.audit.append(record(weight))
    const [own, foreign] = [await lines(), await other.lines()]
    await rewrite(own.with(0, foreign[0] ?? ''))
    expect(await verifyAudit(log)).toMatchObject({ ok: false, line: 2, problem: expect.stringContaining('replaced') })
    await rewrite(foreign)
    expect(await verifyAudit(log)).toEqual({
      ok: false,
      line: 3,
      problem: 'number 3 is not the entry that the head names'
    })
  })

  it('finds a head that is missing or older than a crash leaves it', async () => {
    const { audit, log, head } = await opened(1)
    const old = await readFile(head, 'utf8')
    await audit.append(record(2))
    await audit.append(record(3))
    await writeFile(head, old)
    expect(await verifyAudit(log)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^the head stands at number 1/)
    })
    await rm(head)
    expect(await verifyAudit(log)).toMatchObject({ ok: false, problem: expect.stringMatching(/head.*missing$/) })
  })

  it('still finds entries cut off the end after later ones were appended', async () => {
    const { open, log, lines, rewrite, told } = await opened(4)
    await rewrite((await lines()).slice(0, 2))
    const audit = await open()
    expect(audit.problem).toBe('the audit is not whole: line 2: entries 3 to 4 are missing at the end')
    expect(told).toHaveLength(1)
    expect(await audit.append(record(5))).toMatchObject({ seq: 5 })
    expect(await verifyAudit(log)).toEqual({
      ok: false,
      line: 3,
      problem: 'entries 3 to 4 are missing before number 5'
    })
  })
})
