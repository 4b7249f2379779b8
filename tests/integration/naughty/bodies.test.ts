import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { request } from 'undici'
import { describe, expect, it } from 'vitest'
import { naughtyShapes } from './strings.ts'
import { contentOf, givenWorld } from './world.ts'

const MiB = 1024 * 1024
const LIMIT = 10 * MiB

const TOO_LARGE = { status: 413, body: { msg: 'Request body too large' } }
const INVALID = { status: 422, body: { error: 'validation' } }
const MALFORMED = { status: 400, body: { msg: 'Malformed request' } }

/** Posts notes, or whatever is sent in their place. */
async function given() {
  const world = await givenWorld()
  const before = await contentOf(world.db)
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    world.call('POST', `/api/notes/${world.consultation}`, { token: world.person.token, body, headers })
  const noteWith = (extra: string) => `{"body":"A note.","transcriptId":"${world.transcript}","extra":${extra}}`
  const expectUnchanged = async () => expect(await contentOf(world.db)).toEqual(before)
  return { ...world, post, noteWith, expectUnchanged }
}

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

/** A first byte, and then nothing. */
function unending(): Readable {
  const stream = new Readable({ read() {} })
  stream.push('{')
  return stream
}

describe('a body', () => {
  it('of the largest size is stored whole, and one byte more is refused', { timeout: 60_000 }, async () => {
    const { post, db, transcript, expectUnchanged } = await given()
    const start = `{"transcriptId":"${transcript}","body":"`
    const largest = 'y'.repeat(LIMIT - start.length - 2)
    expect(await post(`${start}${largest}y"}`)).toMatchObject(TOO_LARGE)
    await expectUnchanged()
    expect((await post(`${start}${largest}"}`)).status).toBe(201)
    const stored = await db.collection('notes').findOne({ body: { $ne: 'x' } })
    expect(stored?.['body'] === largest).toBe(true)
  })

  it('that MongoDB could not hold is refused, though its text is small enough', { timeout: 60_000 }, async () => {
    const { post, noteWith, expectUnchanged } = await given()
    for (const [item, close] of [
      ['0,', '0'],
      ['{},', '{}'],
      ['[],', '[]'],
      ['{"":0},', '{}'],
      ['null,', 'null']
    ] as const) {
      const body = noteWith(`[${item.repeat(Math.floor((LIMIT - 200) / item.length))}${close}]`)
      expect(body.length).toBeLessThanOrEqual(LIMIT)
      expect(await post(body)).toMatchObject(TOO_LARGE)
    }
    await expectUnchanged()
  })

  it('that is nested deeper than MongoDB goes is refused, however deep', async () => {
    const { post, noteWith, expectUnchanged } = await given()
    for (const body of [noteWith(lists(100)), noteWith(lists(100_000)), lists(101), lists(5_000_000)]) {
      const answer = await post(body)
      expect(answer).toMatchObject(INVALID)
      expect(answer.text).toContain('Expected at most 100 levels of nesting')
    }
    await expectUnchanged()
    expect((await post(noteWith(lists(99)))).status).toBe(201)
  })

  it('with keys that MongoDB or its driver could not take is refused', async () => {
    const { post, noteWith, expectUnchanged } = await given()
    for (const extra of ['{"a\\u0000":1}', '[{"b":{"\\u0000":1}}]', '{"_bsontype":"ObjectId"}', '[{"_bsontype":5}]']) {
      expect(await post(noteWith(extra))).toMatchObject({ ...INVALID, body: { details: [{ path: '' }] } })
    }
    await expectUnchanged()
  })

  it('that is a compression bomb is given up at the limit', async () => {
    const { post, expectUnchanged } = await given()
    const bomb = gzipSync(Buffer.alloc(200 * MiB, '['))
    expect(bomb.length).toBeLessThan(MiB)
    expect(await post(bomb, { 'content-encoding': 'gzip' })).toMatchObject(TOO_LARGE)
    const twice = gzipSync(gzipSync('{"body":"x"}'))
    expect(await post(twice, { 'content-encoding': 'gzip' })).toMatchObject(MALFORMED)
    expect((await post(twice, { 'content-encoding': 'gzip, gzip' })).status).toBe(415)
    await expectUnchanged()
  })

  it('of bytes that are no UTF-8 is read as Express reads it, and nothing of it breaks', async () => {
    const { post, db, transcript } = await given()
    const bytes = Buffer.concat([
      Buffer.from(`{"transcriptId":"${transcript}","body":"a`),
      Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from('z"}')
    ])
    expect((await post(bytes)).status).toBe(201)
    expect(await db.collection('notes').findOne({ body: /^a\ufffd+z$/ })).not.toBeNull()
    expect(await post(Buffer.from([0xff, 0xfe, 0x00]))).toMatchObject(MALFORMED)
  })

  it('with a key twice means the last of them, as in Express', async () => {
    const { post, db, transcript, noteWith } = await given()
    expect((await post(`{"body":"one","body":"two","transcriptId":"${transcript}"}`)).status).toBe(201)
    expect(await db.collection('notes').countDocuments({ body: 'two' })).toBe(1)
    expect(await post(noteWith('1').replace('{', '{"body":"one",').replace('"A note."', '{"$gt":""}'))).toMatchObject(
      INVALID
    )
  })

  it('of any other shape than an object is refused', async () => {
    const { post, expectUnchanged } = await given()
    for (const shape of naughtyShapes.filter(json => json.startsWith('['))) {
      expect([400, 413, 422]).toContain((await post(shape)).status)
    }
    await expectUnchanged()
  })

  it('that is large waits for no other: beyond what fits into memory it is answered 503, small ones are not', async () => {
    const { app, post, noteWith, person, consultation, call } = await given()
    const abandon = new AbortController()
    const arrived = Promise.withResolvers<void>()
    let arrivals = 0
    app.server.on('request', () => void (++arrivals === 12 && arrived.resolve()))
    // Twelve uploads that have announced 10 MB each and never end.
    const uploads = Array.from({ length: 12 }, () =>
      request(`${app.listeningOrigin}/api/notes/${consultation}`, {
        method: 'POST',
        signal: abandon.signal,
        headers: {
          authorization: `Bearer ${person.token}`,
          'content-type': 'application/json',
          'content-length': String(LIMIT)
        },
        body: unending()
      })
    )
    await arrived.promise
    const large = noteWith(`"${'x'.repeat(9 * MiB)}"`)
    await expect.poll(async () => (await post(large)).status).toBe(503)
    expect((await post(large)).headers['retry-after']).toBe('1')
    expect((await post(noteWith('1'))).status).toBe(201)
    expect((await call('GET', '/users/profile', { token: person.token })).status).toBe(200)

    abandon.abort()
    await Promise.allSettled(uploads)
    await expect.poll(async () => (await post(large)).status).toBe(201)
  })
})
