#!/usr/bin/env node
// Runs the CLI by a Node that runs TypeScript: by this one when it is new enough, else by the one of the package `node`.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const USAGE = 2
const main = new URL('./main.ts', import.meta.url)

function packagedNode() {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node')
  } catch {
    return undefined
  }
}

function runBy(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', ({ message }) => {
    process.stderr.write(`gateway: ${node} cannot be run: ${message}\n`)
    process.exitCode = USAGE
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 1
    if (signal === null) return
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}

if (Number.parseInt(process.versions.node, 10) >= NEEDED) {
  await import(main.href)
} else {
  const node = packagedNode()
  if (node === undefined) {
    process.stderr.write(`gateway: needs Node ${NEEDED} or newer, and this is Node ${process.versions.node}\n`)
    process.exitCode = USAGE
  } else {
    runBy(node)
  }
}
