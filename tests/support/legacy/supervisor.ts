import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { freePort } from '../process.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const EXIT_MISUSE = 2

// One port for all its lives.
const port = Number(process.env['PORT'] ?? 0) || (await freePort())
let child: ChildProcess
let stopping = false

function start(): void {
  child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit']
  })
  process.stdout.write(`legacy started as process ${child.pid}\n`)
  child.once('exit', code => {
    if (stopping) process.exit(0)
    // Its environment will not be better the next time.
    if (code === EXIT_MISUSE) process.exit(EXIT_MISUSE)
    process.stdout.write(`legacy ended (${code ?? 'by a signal'}), starting it again\n`)
    start()
  })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stopping = true
    child.kill('SIGTERM')
  })
}
start()
