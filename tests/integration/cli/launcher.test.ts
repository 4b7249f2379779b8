import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { startProcess } from '../../support/process.ts'
import { freshFolder, LAUNCHER } from './support.ts'

/** Makes the Node that runs the launcher say that it is an older one. */
const OLD = `--import=data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`

async function launch(nodeArgs: readonly string[], args: readonly string[], launcher = LAUNCHER) {
  const running = await startProcess({ name: 'launcher', args: [...nodeArgs, launcher, ...args] })
  const { code } = await running.exited
  return { code, stdout: running.lines('stdout').join('\n'), stderr: running.lines('stderr').join('\n') }
}

test('a Node that is new enough runs the CLI itself', async () => {
  expect(await launch([], ['--version'])).toEqual({ code: 0, stdout: packageJson.version, stderr: '' })
})

test('under an older Node the one of the package runs it, and its exit code is passed on', async () => {
  expect(await launch([OLD], ['--version'])).toEqual({ code: 0, stdout: packageJson.version, stderr: '' })
  expect(await launch([OLD], ['rotues'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean') })
})

test('an older Node without that package says so in a sentence', async () => {
  const copy = join(await freshFolder(), 'gateway.mjs')
  await copyFile(LAUNCHER, copy)
  expect(await launch([OLD], ['status'], copy)).toEqual({
    code: 2,
    stdout: '',
    stderr: 'gateway: needs Node 24 or newer, and this is Node 20.1.0'
  })
})
