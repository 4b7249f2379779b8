import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startProcess } from '../../support/process.ts'
import { cli, freshFolder, LAUNCHER } from './support.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** What bash completes where its cursor is at the end of each line. */
async function completed(lines: readonly string[], cwd = ROOT): Promise<string[][]> {
  const bin = join(await freshFolder(), 'bin')
  await mkdir(bin)
  await symlink(LAUNCHER, join(bin, 'gateway'))
  const script = join(bin, 'try.sh')
  await writeFile(
    script,
    [
      'source <(gateway completion bash)',
      'for line in "$@"; do',
      '  read -ra COMP_WORDS <<< "$line"',
      '  [[ "$line" == *" " ]] && COMP_WORDS+=("")',
      '  COMP_LINE="$line" COMP_POINT=${#line} COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()',
      '  _gateway_completion',
      '  echo "= ${COMPREPLY[*]}"',
      'done'
    ].join('\n')
  )
  const path = [bin, join(process.execPath, '..'), process.env['PATH']].join(delimiter)
  const env = { PATH: path, ROUTING_CONFIG: undefined, GATEWAY_ADMIN_URL: 'http://127.0.0.1:9' }
  const running = await startProcess({ name: 'bash', command: 'bash', args: [script, ...lines], env, cwd })
  const { code } = await running.exited
  expect({ code, stderr: running.lines('stderr') }).toEqual({ code: 0, stderr: [] })
  return running.lines('stdout').map(line => line.slice(2).split(' '))
}

test('bash completes commands, groups, routes, options and their values', async () => {
  const answers = await completed([
    'gateway st',
    'gateway set no',
    'gateway kill v',
    'gateway promote v',
    'gateway set notes --re',
    'gateway credentials create ci --role ',
    'gateway audit list --route ai.s',
    'gateway completion z'
  ])
  expect(answers).toEqual([
    ['status', 'start'],
    ['notes', 'notes.create', 'notes.list', 'notes.update', 'notes.delete'],
    ['v1'],
    [''],
    ['--reason', '--revision'],
    ['viewer', 'operator'],
    ['ai.search', 'ai.summarise'],
    ['zsh']
  ])
})

test('without a configuration and a gateway only the names are missing', async () => {
  expect(await completed(['gateway kill n', 'gateway kill --al'], await freshFolder())).toEqual([[''], ['--all']])
})

test.each(['bash', 'zsh', 'fish'])('the script for %s', async shell => {
  const done = await cli(['completion', shell, '--json'])
  expect(done.json()).toMatchObject({ shell, script: expect.stringContaining('gateway completion-server --') })
})

test('a shell that is not known is wrong usage', async () => {
  const done = await cli(['completion', 'csh'])
  expect(done).toMatchObject({ code: 2, stderr: expect.stringContaining('Allowed choices are bash, zsh, fish.') })
})
