import { fileURLToPath } from 'node:url'
import { CannotMeasure } from './machine.ts'
import { type Contender, race, type Result, resultOf } from './rounds.ts'
import type { Rule } from './rule.ts'
import type { Server, Starter } from './servers.ts'

const PATH = '/api/notes/656e6f7465730000656e6f74'
const ANSWER = JSON.stringify({
  count: 1,
  notes: [
    {
      _id: '656e6f746573000000000001',
      clinician: { _id: '656e6f746573000000000002', username: 'Ada Bench', email: 'ada@bench.example' },
      transcript: '656e6f746573000000000003',
      consultation: '656e6f7465730000656e6f74',
      body: 'A note of some length, as one is written.',
      created_at: '2026-01-01T12:00:00.000Z'
    }
  ]
})
const BARE = 'bare @fastify/http-proxy'
const OURS = 'ours, every feature on'
const MIN_RATIO = 1.5
/** Processes of each of the two that the rules compare. */
const INSTANCES = 3

interface RelayOptions {
  readonly starter: Starter
  readonly mongodbUri: string
  readonly rounds: number
}

export interface Measured {
  readonly results: readonly Result[]
  readonly rules: readonly Rule[]
}

/** One small GET through each proxy, to the same upstream. */
export async function measureRelays({ starter, mongodbUri, rounds }: RelayOptions): Promise<Measured> {
  const direct = await starter.nginx('direct', 'load', `default_type application/json;\nreturn 200 '${ANSWER}';`)
  const env = { UPSTREAM: direct.url }
  const express = 'http-proxy-middleware on Express'
  const contenders: Contender[] = [
    one(direct),
    one(await starter.nginx('nginx', 0, proxyServer, proxyUpstream(direct.url))),
    await several(BARE, name => starter.script({ name, script: target('bare.ts'), env })),
    one(await starter.script({ name: express, script: target('express.ts'), env })),
    await several(OURS, name =>
      starter.gateway({ name, legacyUrl: direct.url, mongodbUri, jwtSecret: 'of the benchmark' })
    )
  ]
  for (const { name, url } of contenders.flatMap(({ instances }) => instances)) {
    const response = await fetch(url + PATH)
    if (response.status !== 200 || (await response.text()) !== ANSWER) {
      throw new CannotMeasure(`${name} does not answer what the upstream does`)
    }
  }
  const results = await race(contenders, { baseline: BARE, load: { path: PATH }, rounds })
  const { ratio, p99Ratio } = resultOf(results, OURS)
  return {
    results,
    rules: [
      {
        text: `Ours relays at least ${MIN_RATIO} × bare @fastify/http-proxy: ${ratio.median.toFixed(2)} ×.`,
        isMet: ratio.median >= MIN_RATIO
      },
      {
        text: `Its p99 is no worse than that of bare @fastify/http-proxy: ${p99Ratio.median.toFixed(2)} ×.`,
        isMet: p99Ratio.median <= 1
      }
    ]
  }
}

function one(server: Server): Contender {
  return { name: server.name, instances: [server] }
}

async function several(name: string, start: (name: string) => Promise<Server>): Promise<Contender> {
  const instances: Server[] = []
  for (let index = 0; index < INSTANCES; index++) instances.push(await start(name))
  return { name, instances }
}

const proxyServer = `
    location / {
      proxy_pass http://upstream;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }`

function proxyUpstream(url: string): string {
  return `upstream upstream {
    server ${new URL(url).host};
    keepalive 64;
    keepalive_requests 1000000000;
  }`
}

function target(file: string): string {
  return fileURLToPath(new URL(`targets/${file}`, import.meta.url))
}
