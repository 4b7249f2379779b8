import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { EnvironmentError, EnvironmentSchema, readEnvironment } from '../../../gateway/environment.ts'
import { SECRETS } from '../../../gateway/secret-files.ts'

const LEGACY = { LEGACY_URL: 'http://legacy:3000' }
const PLAIN = { MONGODB_URI: 'mongodb://a:1/scribe', JWT_SECRET: 'the secret' }

async function fileWith(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'scribe-secret-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'secret')
  await writeFile(file, text)
  return file
}

function refusal(env: NodeJS.ProcessEnv): string[] {
  try {
    readEnvironment(env)
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message.split('\n').slice(1)
    throw error
  }
  throw new Error('the environment was accepted')
}

test('every variable that is or holds a secret may be in a file', () => {
  const names = Object.keys(EnvironmentSchema.properties)
  const secret = names.filter(name => /SECRET|PASSWORD|CREDENTIAL|_KEY$|MONGODB_URI|HEADERS|CLIENT_ID/.test(name))
  expect(secret.toSorted()).toEqual(SECRETS.toSorted())
})

test.each(SECRETS)('%s is read from its file', async name => {
  const value = name.endsWith('URI') ? 'mongodb://b:1/scribe' : 'name=a long enough value'
  const others: NodeJS.ProcessEnv = { ...LEGACY, ...PLAIN, [name]: '' }
  expect(readEnvironment({ ...others, [`${name}_FILE`]: await fileWith(`${value}\n`) })[name]).toBe(value)
})

test.each([
  ['the secret', 'the secret'],
  ['the secret\n', 'the secret'],
  ['the secret\r\n', 'the secret'],
  [' the\nsecret \n\n', ' the\nsecret ']
])('%j in a file is the secret %j: line feeds at its end are not part of it', async (text, secret) => {
  const { JWT_SECRET, MONGODB_URI } = readEnvironment({
    ...LEGACY,
    JWT_SECRET_FILE: await fileWith(text),
    MONGODB_URI_FILE: await fileWith(`${PLAIN.MONGODB_URI}\n`)
  })
  expect({ JWT_SECRET, MONGODB_URI }).toEqual({ JWT_SECRET: secret, MONGODB_URI: PLAIN.MONGODB_URI })
})

test('an empty path is none', () => {
  expect(readEnvironment({ ...LEGACY, ...PLAIN, JWT_SECRET_FILE: '' }).JWT_SECRET).toBe(PLAIN.JWT_SECRET)
})

test.each(['', '\n', ' \r\n'])('a file that holds %j is refused, of a secret that may be missing too', async text => {
  const file = await fileWith(text)
  const { MONGODB_URI } = PLAIN
  expect(refusal({ ...LEGACY, MONGODB_URI, JWT_SECRET_FILE: file, OPENAI_API_KEY_FILE: file })).toEqual([
    `  JWT_SECRET_FILE is wrong: "${file}" is empty, expected the path of a file with JWT_SECRET`,
    `  OPENAI_API_KEY_FILE is wrong: "${file}" is empty, expected the path of a file with OPENAI_API_KEY`
  ])
})

test('a secret that its variable refuses is not repeated', async () => {
  const lines = refusal({
    ...LEGACY,
    JWT_SECRET: 'the secret',
    MONGODB_URI_FILE: await fileWith('postgres://me:pass@a/b\n')
  })
  expect(lines).toEqual([expect.stringMatching(/^ {2}MONGODB_URI is wrong: expected a MongoDB connection string/)])
  expect(lines.join()).not.toMatch(/pass@/)
})

test('a secret that is set twice is refused, and none is repeated', async () => {
  const file = await fileWith('another')
  expect(refusal({ ...LEGACY, ...PLAIN, JWT_SECRET_FILE: file })).toEqual([
    '  JWT_SECRET and JWT_SECRET_FILE are both set: expected one of them'
  ])
})

test('a file that cannot be read is told with its path and the reason, once', async () => {
  const nowhere = join(await fileWith(''), 'jwt')
  const lines = refusal({ ...LEGACY, ...PLAIN, JWT_SECRET: undefined, JWT_SECRET_FILE: nowhere })
  expect(lines).toEqual([
    `  JWT_SECRET_FILE is wrong: "${nowhere}" cannot be read (ENOTDIR in open of jwt), expected the path of a file with JWT_SECRET`
  ])
  expect(refusal({ ...LEGACY, ...PLAIN, OPENAI_API_KEY_FILE: '/tmp' })[0]).toContain('EISDIR')
})
