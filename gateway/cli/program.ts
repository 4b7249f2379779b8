import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { createContext } from './context.ts'
import { defineChanges } from './definitions/changes.ts'
import type { Run } from './definitions/define.ts'
import { defineLocals } from './definitions/local.ts'
import { defineLooks } from './definitions/look.ts'
import { defineOrders } from './definitions/orders.ts'
import type { Io } from './io.ts'

const AFTER = `
Environment:
  GATEWAY_ADMIN_URL        the admin API, http://127.0.0.1:8081 unless set
  GATEWAY_CREDENTIAL       who you are; or GATEWAY_CREDENTIAL_FILE, a file that holds it

Exit codes: 0 done, 1 refused, 2 usage, 3 unreachable.

Example:
  $ gateway set notes 25 --reason 'first clinics' && gateway watch`

/** Every command. What it imports is imported when it runs. */
export function createProgram(io: Io): Command {
  const run: Run = (options, action) => action(createContext(io, options))
  const program = new Command('gateway')
    .description('Moves the routes of the scribe gateway between legacy and native, and tells how they stand.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: text => void io.stdout.write(text),
      writeErr: text => void io.stderr.write(text),
      // It is told once, by whoever catches it.
      outputError() {},
      getOutHelpWidth: () => (io.stdout.isTTY ? io.stdout.columns : 100),
      getErrHelpWidth: () => (io.stderr.isTTY ? io.stderr.columns : 100)
    })
    .addHelpText('after', AFTER)
  defineLooks(program, run)
  defineOrders(program, run)
  defineChanges(program, run)
  defineLocals(program, run, io)
  return program
}
