import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { NO_VARIABLES } from '../support/gateway.ts'
import { freePort, type RunningProcess, startProcess } from '../support/process.ts'
import { signIn } from './staff.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

interface Demo {
  readonly running: RunningProcess
  /** Of its own for its temporary data. */
  readonly temporary: string
}

async function startDemo(ports: { PORT: string; ADMIN_PORT: string }): Promise<Demo> {
  const temporary = await mkdtemp(join(tmpdir(), 'scribe-demo-'))
  const running = await startProcess({
    name: 'demo',
    command: 'npm',
    args: ['run', 'demo'],
    cwd: ROOT,
    env: { ...NO_VARIABLES, ...ports, TMPDIR: temporary, NODE_DISABLE_COMPILE_CACHE: '1' }
  })
  onTestFinished(async () => {
    await running.kill()
    await rm(temporary, { recursive: true, force: true })
  })
  return { running, temporary }
}

interface Relative {
  readonly pid: number
  readonly parent: number
  /** Its start time in clock ticks: a number that the system gives out again is another process. */
  readonly started: string
  readonly command: string
}

async function processes(): Promise<Relative[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const all = await Promise.all(
    pids.map(async pid => {
      const [stat, command] = await Promise.all([read(`/proc/${pid}/stat`), read(`/proc/${pid}/cmdline`)])
      // The name in parentheses may hold anything; state and parent are what follows it.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const relative = {
        pid: Number(pid),
        parent: Number(fields[1]),
        started: fields[19] ?? '',
        command: command.replaceAll('\0', ' ')
      }
      return stat === '' || fields[0] === 'Z' ? [] : [relative]
    })
  )
  return all.flat()
}

const read = (file: string) => readFile(file, 'utf8').catch(() => '')

async function descendantsOf(pid: number): Promise<Relative[]> {
  const all = await processes()
  const family = new Set([pid])
  // Parents come before their children often, not always.
  for (let size = 0; size !== family.size; ) {
    size = family.size
    for (const each of all) if (family.has(each.parent)) family.add(each.pid)
  }
  return all.filter(each => each.pid !== pid && family.has(each.pid))
}

async function survivors(family: readonly Relative[]): Promise<Relative[]> {
  const alive = await processes()
  return family.filter(({ pid, started }) => alive.some(each => each.pid === pid && each.started === started))
}

test('it starts, its lines work, a rollout goes through, and Ctrl-C leaves nothing behind', {
  timeout: 240_000
}, async () => {
  const [port, adminPort] = [String(await freePort()), String(await freePort())]
  const { running, temporary } = await startDemo({ PORT: port, ADMIN_PORT: adminPort })
  await running.waitForLine(line => line.startsWith('Ctrl-C ends') || undefined)
  const printed = running.lines('stdout')
  expect(printed.join('\n')).toContain(`http://127.0.0.1:${port}`)
  expect(printed.join('\n')).toContain(`http://127.0.0.1:${adminPort}`)
  expect((await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status).toBe(200)

  const curls = printed.map(line => line.trim()).filter(line => line.startsWith('curl '))
  expect(curls).toHaveLength(3)
  const answers = await Promise.all(curls.map(line => run('sh', ['-c', line])))
  for (const { stdout } of answers) expect(stdout).toMatch(/^HTTP\/1\.1 200 /)
  expect(answers.map(({ stdout }) => /^x-served-by: (\w+)/im.exec(stdout)?.[1])).toEqual(['legacy', 'native', 'legacy'])

  // As staff do, with the lines that it printed.
  const lines = printed
    .map(line => line.trim())
    .filter(line => /^(export GATEWAY|npx gateway (routes|start))/.test(line))
  expect(lines).toHaveLength(3)
  const { stdout: told } = await run('sh', ['-c', lines.join(' && ')], { cwd: ROOT })
  expect(told).toContain('notes.list')
  expect(told).toContain('0 % → 10 %')
  const staff = signIn(`http://127.0.0.1:${adminPort}`, printed)
  onTestFinished(() => staff.close())
  await staff.event('rollout.completed', 180_000)
  expect(await staff.weights('notes.list')).toEqual([10, 25, 50, 75, 100])
  expect(await staff.rollout('notes')).toMatchObject({ phase: 'completed', weight: 100 })
  staff.close()

  const family = await descendantsOf(running.pid)
  for (const part of ['demo.ts', 'gateway/main.ts', 'legacy/main.ts', 'legacy/supervisor.ts']) {
    expect(family.filter(({ command }) => command.includes(part)).length).toBeGreaterThan(0)
  }
  expect(await readdir(temporary)).not.toEqual([])

  // As a terminal does: to the whole group in the foreground.
  process.kill(-running.pid, 'SIGINT')
  await running.exited
  await expect.poll(() => survivors(family)).toEqual([])
  expect(await readdir(temporary)).toEqual([])
  expect(running.lines('stderr').filter(line => !line.startsWith('npm '))).toEqual([])
})

test.each(['PORT', 'ADMIN_PORT'] as const)(
  '%s taken: it says so, fails, and leaves nothing behind',
  {
    timeout: 60_000
  },
  async name => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    onTestFinished(() => void squatter.close())
    const address = squatter.address()
    const taken = String(typeof address === 'object' ? address?.port : '')
    const { running, temporary } = await startDemo({ PORT: '0', ADMIN_PORT: '0', [name]: taken })
    await running.waitForLine(line => line.startsWith('starting ') || undefined)
    const { code } = await running.exited
    expect(code).toBeGreaterThan(0)
    const told = running.lines('stderr').join('\n')
    expect(told).toMatch(new RegExp(`address already in use 127\\.0\\.0\\.1:${taken}`))
    expect(await readdir(temporary)).toEqual([])
    expect((await processes()).filter(({ command }) => command.includes(temporary))).toEqual([])
    expect(told).not.toMatch(/^\s+at /m)
  }
)
