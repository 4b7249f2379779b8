import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { pages } from '../../../gateway/dashboard/server/pages.ts'
import { startScene } from '../admin/support.ts'
import { ask } from './support.ts'

const DASHBOARD = fileURLToPath(new URL('../../../gateway/dashboard', import.meta.url))
const DIST = join(DASHBOARD, 'dist')
const PAGES = [
  '/dashboard',
  '/dashboard/',
  '/dashboard/sign-in',
  '/dashboard/sign-in?next=%2Faudit',
  '/dashboard/routes/notes.list',
  '/dashboard/config',
  '/dashboard/config/revisions/12',
  '/dashboard/audit?route=x',
  '/dashboard/discovery'
] as const

const build = promisify(execFile)

/** What the document loads. */
async function assetsOf(): Promise<string[]> {
  const html = await readFile(join(DIST, 'index.html'), 'utf8')
  return [...html.matchAll(/(?:src|href)="(\/dashboard\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '')
}

beforeAll(async () => {
  await build(process.execPath, [join(DASHBOARD, 'build.ts')])
})

test('every page is the same document, asked for anew each time and bound to its own origin', async () => {
  const scene = await startScene()
  const html = await readFile(join(DIST, 'index.html'), 'utf8')
  for (const page of PAGES) {
    // A link from elsewhere leads to a page, and shows nothing of the gateway.
    const answer = await ask(scene, `GET ${page}`, { headers: { 'sec-fetch-site': 'cross-site' } })
    expect({ page, ...answer }).toMatchObject({
      page,
      status: 200,
      text: html,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
          "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        vary: 'accept-encoding'
      }
    })
    const etag = String(answer.headers['etag'])
    expect((await ask(scene, `GET ${page}`, { headers: { 'if-none-match': etag } })).status).toBe(304)
  }
  expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/)
})

test('what the document loads comes compressed as the browser takes it, and is kept for ever', async () => {
  const scene = await startScene()
  const assets = await assetsOf()
  expect(assets.length).toBeGreaterThan(1)
  for (const asset of assets) {
    const whole = await readFile(join(DIST, asset.slice('/dashboard/'.length)))
    const get = async (encoding: string) =>
      scene.gateway.admin.inject({ url: asset, headers: { 'accept-encoding': encoding } })
    const [brotli, gzip, plain] = [await get('gzip, deflate, br, zstd'), await get('gzip'), await get('identity')]
    const type = asset.endsWith('.css') ? 'text/css; charset=utf-8' : 'application/javascript; charset=utf-8'
    for (const { statusCode, headers } of [brotli, gzip, plain]) {
      expect({ asset, statusCode, headers }).toMatchObject({
        asset,
        statusCode: 200,
        headers: {
          'content-type': type,
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'accept-encoding',
          'x-content-type-options': 'nosniff'
        }
      })
    }
    expect(brotli.headers['content-encoding']).toBe('br')
    expect(gzip.headers['content-encoding']).toBe('gzip')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(brotliDecompressSync(brotli.rawPayload).equals(whole)).toBe(true)
    expect(gunzipSync(gzip.rawPayload).equals(whole)).toBe(true)
    expect(plain.rawPayload.equals(whole)).toBe(true)
  }
})

test('there is nothing else: no other page, no file beside the assets', async () => {
  const scene = await startScene()
  for (const path of [
    '/dashboard/nothing',
    '/dashboard/assets/nothing.js',
    '/dashboard/assets/',
    '/dashboard/index.html',
    '/dashboard/assets/../index.html',
    '/dashboard/assets/..%2findex.html'
  ] as const) {
    const { status, text, headers } = await ask(scene, `GET ${path}`)
    expect({ path, status, text }).toEqual({ path, status: 404, text: expect.stringContaining('nothing here') })
    expect(headers).toHaveProperty('content-security-policy')
  }
})

test('the listener itself leads to the dashboard', async () => {
  const scene = await startScene()
  expect(await ask(scene, 'GET /')).toMatchObject({ status: 302, headers: { location: '/dashboard/' } })
})

test('nothing of it is on the public listener', async () => {
  const scene = await startScene()
  await scene.ask(['caller'], '/dashboard/')
  // Of `/` legacy is asked besides, whether it is there.
  expect(scene.upstream.requests.map(({ url }) => url).filter(url => url !== '/')).toEqual(['/dashboard/'])
})

test('a dashboard that is not built says how to build it', async () => {
  const dist = await mkdtemp(join(tmpdir(), 'scribe-dist-'))
  await rm(dist, { recursive: true })
  const app = Fastify()
  onTestFinished(() => app.close())
  await app.register(pages, { dist, prefix: '/dashboard' })
  for (const page of PAGES) {
    const { statusCode, headers, body } = await app.inject(page)
    expect({ page, statusCode, body, type: headers['content-type'] }).toEqual({
      page,
      statusCode: 503,
      body: 'The dashboard is not built: npm run build\n',
      type: 'text/plain; charset=utf-8'
    })
  }
})
