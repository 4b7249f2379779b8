import { Kind, type TSchema } from '@sinclair/typebox'
import type { Db } from 'mongodb'
import { connectDatabase } from '../../../services/index.ts'
import { nativeServer } from '../../../services/native-server.ts'
import { PASSWORD, type World } from './world.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly params: readonly string[]
  readonly query: readonly string[]
  readonly fields: readonly Field[]
}

export interface Field {
  readonly name: string
  /** Whether nothing but a text will do. */
  readonly isText: boolean
}

const METHODS: ReadonlySet<unknown> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
const isMethod = (method: unknown): method is Route['method'] => METHODS.has(method)

/** Every native route as it is registered, so that none can be forgotten here, with the fields that its schemas name. */
export async function nativeRoutes(): Promise<Route[]> {
  const database = await connectDatabase('mongodb://127.0.0.1:9/none')
  const app = nativeServer({ database, jwtSecret: 'of no account' })
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url, schema = {} }) => {
    const params = [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
    const query = fieldsOf(schema.querystring).map(({ name }) => name)
    const fields = fieldsOf(schema.body)
    for (const each of [method].flat()) if (isMethod(each)) routes.push({ method: each, url, params, query, fields })
  })
  await app.after()
  await app.close()
  await database.close()
  return routes
}

function fieldsOf(schema: unknown): Field[] {
  const properties: Record<string, TSchema> = Object(Object(schema).properties)
  return Object.entries(properties).map(([name, property]) => ({
    name,
    isText: property[Kind] === 'String' || (Array.isArray(property['anyOf']) && property['anyOf'].every(isTextOrNull))
  }))
}

const isTextOrNull = (schema: TSchema) => schema[Kind] === 'String' || schema[Kind] === 'Null'

/** Fills a route's `:name` parts in. */
export function pathOf(
  { method, url, params }: Route,
  world: World,
  given: Readonly<Record<string, string>> = {}
): string {
  return params.reduce((path, name) => path.replace(`:${name}`, given[name] ?? idFor(method, url, name, world)), url)
}

function idFor(method: string, url: string, name: string, { consultation, transcript, note, prompt }: World): string {
  // Under one pattern the legacy means a consultation when it lists and adds, and a note when it changes and deletes.
  if (url.startsWith('/api/notes/')) return method === 'GET' || method === 'POST' ? consultation : note
  const what = name === 'id' ? (/(\w+)\/:id/.exec(url)?.[1] ?? '') : name
  if (/note/i.test(what)) return note
  if (/prompt/i.test(what)) return prompt
  return /transcript/i.test(what) ? transcript : consultation
}

/** A body that the route takes. */
export function bodyOf({ url, fields }: Route, world: World): Record<string, unknown> {
  return Object.fromEntries(
    fields.map(({ name }) => {
      if (!(name in EXAMPLES)) throw new Error(`no example for the field ${name}: give one in EXAMPLES`)
      return [name, EXAMPLES[name]?.(world, url)]
    })
  )
}

let registered = 0

const EXAMPLES: Readonly<Record<string, (world: World, url: string) => unknown>> = {
  username: () => 'Ann',
  email: ({ person }, url) => (/login|sessions/.test(url) ? person.email : `new-${++registered}@example.org`),
  password: () => PASSWORD,
  role: () => 'clinician',
  body: () => 'A note.',
  transcriptId: ({ transcript }) => transcript,
  transcript_id: ({ transcript }) => transcript,
  transcript_text: () => 'Good morning.',
  patient_data: () => ({ name: 'P' }),
  patient: () => ({ name: 'P' }),
  prompt_used: ({ prompt }) => prompt,
  prompt_name: () => 'SOAP',
  prompt_text: () => 'Summarise.',
  is_shareable: () => true,
  usedPrompt: () => undefined,
  prompt: () => 'What is this?',
  images: () => ['data:image/png;base64,aGVsbG8='],
  name: () => 'SOAP',
  text: () => 'Summarise.',
  isShareable: () => true,
  promptId: ({ prompt }) => prompt,
  consultationId: ({ consultation }) => consultation,
  query: () => 'asthma',
  patientData: () => ({ name: 'P' })
}

interface Place {
  readonly collection: string
  readonly field: string
  /** Whether each request makes a document, or all change the same one. */
  readonly creates: boolean
  /** What becomes of the text, and of what was there before. */
  readonly as: (text: string, before: unknown) => unknown
}

// UTF-8 cannot say half a character.
const wellFormed = (text: string) => text.toWellFormed()

/** Where a field is stored, of those that are; the names of a path's variable parts left out. */
const PLACES: Readonly<Record<string, Place>> = {
  'POST /users/register username': {
    collection: 'users',
    field: 'username',
    creates: true,
    as: text => wellFormed(text.trim())
  },
  'POST /users/register email': {
    collection: 'users',
    field: 'email',
    creates: true,
    as: text => wellFormed(text.toLowerCase())
  },
  'POST /api/consultation/start patient_data': {
    collection: 'consultations',
    field: 'patient',
    creates: true,
    as: wellFormed
  },
  'POST /api/transcript/update-text transcript_text': {
    collection: 'transcripts',
    field: 'transcript_text',
    creates: false,
    as: wellFormed
  },
  'POST /api/notes/: body': { collection: 'notes', field: 'body', creates: true, as: wellFormed },
  // An empty text keeps the one that is there.
  'PATCH /api/notes/: body': {
    collection: 'notes',
    field: 'body',
    creates: false,
    as: (text, before) => (text === '' ? before : wellFormed(text))
  },
  'POST /api/prompts prompt_name': { collection: 'prompts', field: 'prompt_name', creates: true, as: wellFormed },
  'POST /api/prompts prompt_text': { collection: 'prompts', field: 'prompt_text', creates: true, as: wellFormed },
  'PATCH /api/prompts/: prompt_name': {
    collection: 'prompts',
    field: 'prompt_name',
    creates: false,
    as: wellFormed
  },
  'PATCH /api/prompts/: prompt_text': {
    collection: 'prompts',
    field: 'prompt_text',
    creates: false,
    as: wellFormed
  }
}

export function placeOf({ method, url }: Route, { name }: Field): Place | undefined {
  return PLACES[`${method} ${url.replace(/:\w+/g, ':')} ${name}`]
}

/** What the collection holds of the field, in no order. */
export async function storedIn({ collection, field }: Place, db: Db): Promise<unknown[]> {
  const documents = await db
    .collection(collection)
    .find({}, { projection: { [field]: 1 } })
    .toArray()
  return documents.map(document => document[field])
}
