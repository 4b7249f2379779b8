import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { type OutputChunk, rolldown } from 'rolldown'

/*
 * Builds the dashboard's browser side into `dist/`: index.html, and assets with a hash in their names beside their
 * brotli and gzip forms. `npm run build`.
 */

const CLIENT = fileURLToPath(new URL('client/', import.meta.url))
const DIST = fileURLToPath(new URL('dist/', import.meta.url))
const BASE = '/dashboard/assets/'
const STYLES = [
  fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css')),
  join(CLIENT, 'styles.css'),
  join(CLIENT, 'styles-pages.css'),
  join(CLIENT, 'styles-editor.css')
]

interface Asset {
  readonly name: string
  readonly content: string
}

async function bundle(): Promise<readonly OutputChunk[]> {
  const build = await rolldown({
    input: { main: join(CLIENT, 'main.tsx') },
    platform: 'browser',
    tsconfig: join(CLIENT, 'tsconfig.json'),
    // No package that is used here does anything on import but define.
    treeshake: { moduleSideEffects: [{ test: /node_modules/, sideEffects: false }] }
  })
  try {
    const { output } = await build.generate({
      format: 'esm',
      minify: true,
      entryFileNames: '[name]-[hash].js',
      chunkFileNames: '[name]-[hash].js'
    })
    return output.filter(each => each.type === 'chunk')
  } finally {
    await build.close()
  }
}

async function styles(): Promise<Asset> {
  const texts = await Promise.all(STYLES.map(path => readFile(path, 'utf8')))
  const content = texts.join('\n')
  const hash = createHash('sha256').update(content).digest('base64url').slice(0, 8)
  return { name: `styles-${hash}.css`, content }
}

async function page(entry: OutputChunk, style: Asset): Promise<string> {
  const template = await readFile(join(CLIENT, 'index.html'), 'utf8')
  const preloads = entry.imports.map(name => `<link rel="modulepreload" href="${BASE}${name}">`)
  return template
    .replace('<!-- preloads -->', preloads.join(''))
    .replace('styles.css', `${BASE}${style.name}`)
    .replace('main.tsx', `${BASE}${entry.fileName}`)
}

const packBrotli = promisify(brotliCompress)
const packGzip = promisify(gzip)

async function write(folder: string, { name, content }: Asset): Promise<number> {
  const bytes = Buffer.from(content)
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 }
  const [br, gz] = await Promise.all([packBrotli(bytes, { params }), packGzip(bytes, { level: 9 })])
  await writeFile(join(folder, name), bytes)
  await writeFile(join(folder, `${name}.br`), br)
  await writeFile(join(folder, `${name}.gz`), gz)
  return gz.length
}

async function main(): Promise<void> {
  const [chunks, style] = await Promise.all([bundle(), styles()])
  const entry = chunks.find(({ isEntry }) => isEntry)
  if (entry === undefined) throw new Error('the bundler made no entry')
  const made = `${DIST.slice(0, -1)}.${process.pid}`
  const assets = join(made, 'assets')
  await mkdir(assets, { recursive: true })
  let script = 0
  for (const { fileName, code } of chunks) script += await write(assets, { name: fileName, content: code })
  await write(assets, style)
  await write(made, { name: 'index.html', content: await page(entry, style) })
  await rm(DIST, { recursive: true, force: true })
  await rename(made, DIST)
  process.stdout.write(`dashboard: ${chunks.length} scripts, ${(script / 1024).toFixed(1)} KB gzip\n`)
}

await main()
