#!/usr/bin/env node
import { run } from './run.ts'

// Whoever reads may stop reading: `gateway history | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: Error & { code?: string }) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onInterrupt(stop) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
  }
})
