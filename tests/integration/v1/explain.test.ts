import { type CommandStartedEvent, type Db, type Document, type IndexDescription, MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import {
  CONSULTATION_INDEXES,
  CONSULTATIONS,
  consultationRepository
} from '../../../services/consultations/repository.ts'
import { NOTE_INDEXES, NOTES, noteRepository } from '../../../services/notes/repository.ts'
import type { Slice } from '../../../services/platform/slices.ts'
import { PROMPT_INDEXES, PROMPTS, promptRepository } from '../../../services/prompts/repository.ts'
import { freshUri, randomId } from '../services/support.ts'

const id = randomId()
const lists: [string, string, readonly IndexDescription[], (db: Db, slice: Slice) => Promise<unknown>][] = [
  [
    'consultations',
    CONSULTATIONS,
    CONSULTATION_INDEXES,
    (db, slice) => consultationRepository(db).sliceOfClinician(id, slice)
  ],
  ['notes', NOTES, NOTE_INDEXES, (db, slice) => noteRepository(db).sliceOfConsultation(id, slice)],
  ['prompts', PROMPTS, PROMPT_INDEXES, (db, slice) => promptRepository(db).sliceOfReadable(id, slice)]
]

test.each(lists)('a page of %s is read through an index', async (_, collection, indexes, read) => {
  const client = new MongoClient(await freshUri(), { monitorCommands: true })
  onTestFinished(() => client.close())
  const db = client.db()
  await db.collection(collection).createIndexes([...indexes])
  const reads: Document[] = []
  client.on('commandStarted', ({ commandName, command }: CommandStartedEvent) => {
    if (commandName === 'aggregate') reads.push(command)
  })
  for (const after of [undefined, { at: new Date(), id }]) await read(db, { limit: 21, after })

  expect(reads).toHaveLength(2)
  for (const { aggregate, pipeline } of reads) {
    const plan = await db.command({ explain: { aggregate, pipeline, cursor: {} }, verbosity: 'queryPlanner' })
    const text = JSON.stringify(plan)
    expect(text).toContain('IXSCAN')
    expect(text).not.toContain('COLLSCAN')
  }
})
