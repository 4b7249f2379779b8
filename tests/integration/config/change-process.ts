/**
 * Opens the store of `FILE` and `DIRECTORY` and sets the weight of the route a to 50. The process kills itself before
 * the file operation of number `KILL_BEFORE` of the change, counted from 1, or in the middle of it where `KILL_AT` says
 * so. Prints the outcome, and what the operations were.
 */
import { appendFileSync } from 'node:fs'
import { openAudit } from '../../../gateway/audit/audit.ts'
import { setWeight } from '../../../gateway/config/edits.ts'
import { openConfigStore } from '../../../gateway/config/store.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { durableFiles, type Files } from '../../../gateway/storage/files.ts'

const { FILE: file = '', DIRECTORY: directory = '', KILL_BEFORE = 'never', KILL_AT = 'never' } = process.env
const operations: string[] = []
let isChanging = false

function step(name: string): void {
  if (!isChanging) return
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
    if (operations.length === Number(KILL_AT)) {
      appendFileSync(path, text.slice(0, text.length / 2))
      process.kill(process.pid, 'SIGKILL')
    }
    return durableFiles.append(path, text)
  },
  move(from, to) {
    step('move')
    return durableFiles.move(from, to)
  },
  truncate: (path, length) => durableFiles.truncate(path, length),
  remove: path => durableFiles.remove(path)
}

const logger = {
  info: () => {},
  error: (bindings: object, message: string) => process.stdout.write(`${message} ${JSON.stringify(bindings)}\n`)
}
const audit = await openAudit({ directory, logger, files })
const store = await openConfigStore({
  file,
  directory,
  audit,
  logger,
  files,
  nativeModules: new Set(['notes']),
  compile: config => compileRoutingTable(config, [])
})
isChanging = true
const result = await store.change({
  expected: store.current.number,
  edit: setWeight(['a'], 50),
  actor: { kind: 'controller', name: 'rollout' },
  reason: 'the step passed'
})
step('end')
store.close()
process.stdout.write(`${JSON.stringify({ ...result, revision: undefined, operations })}\n`)
