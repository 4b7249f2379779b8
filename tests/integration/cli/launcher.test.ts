import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { startProcess } from '../../support/process.ts'
import { freshFolder, LAUNCHER, OLD_NODE } from './support.ts'

async function launch(nodeArgs: readonly string[], args: readonly string[], launcher = LAUNCHER) {
  const running = await startProcess({ name: 'launcher', args: [...nodeArgs, launcher, ...args] })
  const { code } = await running.exited
  return { code, stdout: running.lines('stdout').join('\n'), stderr: running.lines('stderr').join('\n') }
}

test('a Node that is new enough runs the CLI itself', async () => {
  expect(await launch([], ['--version'])).toEqual({ code: 0, stdout: packageJson.version, stderr: '' })
})

test('under an older Node the one of the package runs it, and its exit code is passed on', async () => {
  expect(await launch([OLD_NODE], ['--version'])).toEqual({ code: 0, stdout: packageJson.version, stderr: '' })
  expect(await launch([OLD_NODE], ['rotues'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean')
  })
})

test('an older Node without that package says so in a sentence', async () => {
  const copy = join(await freshFolder(), 'gateway.mjs')
  await copyFile(LAUNCHER, copy)
  expect(await launch([OLD_NODE], ['status'], copy)).toEqual({
    code: 2,
    stdout: '',
    stderr: 'gateway: needs Node 24 or newer, and this is Node 20.1.0'
  })
})
