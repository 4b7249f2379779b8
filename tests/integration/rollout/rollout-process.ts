/**
 * Opens the rollouts of `FILE` and `DIRECTORY` and starts the one of the route a, or, where `SCENARIO` is `rollback`,
 * lets native fail at its first step. The process kills itself before the file operation of number `KILL_BEFORE` of
 * that, counted from 1. Prints what the operations were.
 */
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'
import { fail, openRollouts, second } from './state.ts'

const { FILE: file = '', DIRECTORY: directory = '', SCENARIO = 'start', KILL_BEFORE = 'never' } = process.env
const operations: string[] = []
let isCounting = false

function step(name: string): void {
  if (!isCounting) return
  operations.push(name)
  if (operations.length === Number(KILL_BEFORE)) process.kill(process.pid, 'SIGKILL')
}

const files: Files = {
  create(path, text) {
    step('create')
    return durableFiles.create(path, text)
  },
  write(path, text, mode) {
    step('write')
    return durableFiles.write(path, text, mode)
  },
  append(path, text) {
    step('append')
    return durableFiles.append(path, text)
  },
  move(from, to) {
    step('move')
    return durableFiles.move(from, to)
  },
  truncate: (path, length) => durableFiles.truncate(path, length),
  remove: path => durableFiles.remove(path)
}

const opened = await openRollouts({ file, directory }, files)
await opened.controller.settled()
await second(opened)
if (SCENARIO === 'start') {
  isCounting = true
  const { number: expected } = opened.store.current
  await opened.controller.act('start', {
    target: 'a',
    expected,
    actor: { kind: 'operator', name: 'alice' },
    reason: 'go'
  })
} else {
  fail(opened, 'a', 200)
  isCounting = true
  await second(opened)
}
step('end')
process.stdout.write(`${JSON.stringify(operations)}\n`)
process.exit(0)
