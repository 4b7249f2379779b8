import { chmod, copyFile, lstat, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { freePort } from '../../support/process.ts'
import { cli, freshFolder } from './support.ts'

const SHIPPED = fileURLToPath(new URL('../../../routing.config.json', import.meta.url))
const CREDENTIAL = { GATEWAY_CREDENTIAL: 'sgw_none' }

async function copyOfShipped(): Promise<string> {
  const file = join(await freshFolder(), 'routing.config.json')
  await copyFile(SHIPPED, file)
  return file
}

describe('usage', () => {
  test('the version, and help with an example for every command', async () => {
    const version = await cli(['--version'])
    expect(version).toMatchObject({ code: 0, stdout: packageJson.version })

    const help = await cli(['--help'])
    expect(help.code).toBe(0)
    const names = [...help.stdout.matchAll(/^ {2}([a-z]+)(?: \[| {3})/gm)].map(([, name = '']) => name)
    const commands = names.filter(name => name !== 'help')
    expect(commands).toEqual(expect.arrayContaining(['status', 'set', 'kill', 'watch', 'validate', 'completion']))
    expect(commands).toHaveLength(23)
    await Promise.all(
      commands.map(async command => {
        const each = await cli([command, '--help'])
        expect(each).toMatchObject({ code: 0, stderr: '' })
        expect(each.stdout).toMatch(new RegExp(`Examples?:\\n {2}\\$ gateway ${command}`))
      })
    )
  })

  test.each([
    [['rotues'], 'Did you mean routes?'],
    [['set', 'notes'], "missing required argument 'weight'"],
    [['set', 'notes', '101'], 'expected a weight from 0 to 100'],
    [['set', 'notes', '10.123'], 'at most two decimals'],
    [['diff', 'twelve'], 'expected the number of a revision'],
    [['routes', '--wacth'], "unknown option '--wacth'"],
    [['kill'], 'either the id of a route, or --all'],
    [['kill', 'notes.list', '--all'], 'either the id of a route, or --all'],
    [['explain', 'GET', '/', '--header', 'nothing'], "expected 'name: value'"],
    [['credentials', 'create', 'anna'], "required option '--role <role>' not specified"],
    [['set', 'notes', '5', '--file', SHIPPED, '--reason', 'x'], '--reason, --revision and --force go with'],
    [['status', '--url', 'ftp://gateway'], 'the URL of the admin API: found "ftp://gateway"'],
    [['status', '--credential-file', '/dev/null/none'], 'the credential file "/dev/null/none" cannot be read (ENOTDIR']
  ])('%j is refused as wrong usage', async (args, message) => {
    const done = await cli(args, { env: CREDENTIAL })
    expect(done).toMatchObject({ code: 2, stdout: '' })
    expect(done.stderr).toContain(message)
  })

  test('without a credential nothing is asked', async () => {
    const done = await cli(['status', '--json'])
    expect(done).toMatchObject({ code: 2, stdout: '' })
    expect(done.error()).toMatchObject({ error: 'usage', message: expect.stringMatching(/^a credential is missing: /) })
  })
})

describe('a gateway that cannot be reached', () => {
  test('is exit code 3, with what can be done without it', async () => {
    const env = { ...CREDENTIAL, GATEWAY_ADMIN_URL: `http://127.0.0.1:${await freePort()}` }
    const set = await cli(['set', 'notes', '25', '--reason', 'x'], { env })
    expect(set).toMatchObject({ code: 3, stdout: '' })
    expect(set.stderr).toContain('cannot be reached (ECONNREFUSED)')
    expect(set.stderr).toContain('gateway set notes 25 --file routing.config.json')

    const kill = await cli(['kill', '--all', '--json'], { env })
    expect(kill.code).toBe(3)
    expect(kill.error()).toMatchObject({
      error: 'unreachable',
      message: expect.stringContaining('"killSwitch": true as soon as it is saved')
    })
  })
})

describe('validate', () => {
  test('takes the shipped configuration, and that of ROUTING_CONFIG', async () => {
    const done = await cli(['validate', SHIPPED, '--json'])
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.json()).toEqual({ file: SHIPPED, valid: true, problems: [] })
    const named = await cli(['validate'], { env: { ROUTING_CONFIG: SHIPPED } })
    expect(named.stdout).toMatch(/^valid: .*routing\.config\.json, \d+ routes$/)
  })

  test('tells every problem by line, path, what was found and what was expected', async () => {
    const folder = await freshFolder()
    const file = join(folder, 'routing.config.json')
    const text = await readFile(SHIPPED, 'utf8')
    await writeFile(file, text.replace('"weight": 0,', '"weight": 120,').replace('"native": "root"', '"native": "rot"'))
    const done = await cli(['validate'], { cwd: folder })
    expect(done.code).toBe(1)
    const lines = done.stdout.split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^routing\.config\.json:12:\d+ \/defaults\/weight: found 120, expected /)
    expect(lines[1]).toMatch(/^routing\.config\.json:\d+:\d+ \/routes\/2\/native: found "rot", expected /)
    expect(done.stderr).toContain('routing.config.json has 2 problems')

    const json = await cli(['validate', file, '--json'])
    expect(json.code).toBe(1)
    expect(json.json()).toMatchObject({ valid: false, problems: [{ line: 12, path: '/defaults/weight' }, {}] })
  })

  test('a file that is not there is wrong usage', async () => {
    const done = await cli(['validate', '/dev/null/none'])
    expect(done).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('set --file', () => {
  test('changes the weights and not another byte, in one step', async () => {
    const file = await copyOfShipped()
    await chmod(file, 0o640)
    const link = join(await freshFolder(), 'link.json')
    await symlink(file, link)
    const before = await readFile(file, 'utf8')

    const done = await cli(['set', 'notes.list', '25', '--file', link])
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toContain(`Set notes in ${link}: 0 % → 25 %.`)
    expect(done.stdout).toContain('takes it over within a second')
    expect(done.stdout).toContain(`Undo: gateway set notes 0 --file ${link}`)

    const [old, now] = [before, await readFile(file, 'utf8')].map(text => text.split('\n'))
    const different = now?.flatMap((line, index) => (line === old?.[index] ? [] : [line.trim()]))
    expect(different).toEqual(Array.from({ length: 4 }, () => '"weight": 25'))
    expect(now).toHaveLength(old?.length ?? 0)
    expect((await stat(file)).mode & 0o777).toBe(0o640)
    expect((await lstat(link)).isSymbolicLink()).toBe(true)

    const undone = await cli(['set', 'notes', '0', '--file', file, '--json'])
    expect(undone.json()).toMatchObject({ done: expect.stringContaining('25 % → 0 %'), changes: [{}, {}, {}, {}] })
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  test('above 50 % it asks, and with nobody to ask does nothing', async () => {
    const file = await copyOfShipped()
    const before = await readFile(file, 'utf8')
    const refused = await cli(['set', 'notes', '75', '--file', file])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('4 routes would rise above 50 %, and nobody can be asked')
    const planned = await cli(['set', 'notes', '75', '--file', file, '--dry-run'])
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining('0 % → 75 %') })
    expect(await readFile(file, 'utf8')).toBe(before)

    const done = await cli(['set', 'notes', '75', '--file', file, '--yes'])
    expect(done.code).toBe(0)
    expect(await readFile(file, 'utf8')).not.toBe(before)
  })

  test('an unknown target is wrong usage, and a file that has problems is left as it is', async () => {
    const file = await copyOfShipped()
    const unknown = await cli(['set', 'notess', '5', '--file', file])
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "notes"?') })

    await writeFile(file, '{ "version": 1 }')
    const done = await cli(['set', 'notes', '5', '--file', file, '--json'])
    expect(done.code).toBe(1)
    expect(done.error()).toMatchObject({ error: 'invalid', problems: [{ path: '/targets' }, {}] })
    expect(await readFile(file, 'utf8')).toBe('{ "version": 1 }')
  })
})
