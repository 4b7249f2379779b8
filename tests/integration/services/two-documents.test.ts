import { fileURLToPath } from 'node:url'
import type { Document } from 'mongodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startProcess } from '../../support/process.ts'
import { addNote, type Clinic, givenClinic, givenLegacy, givenPrompt, idOf, start } from './clinic.ts'
import { type Command, givenCommandProxy } from '../../support/command-proxy.ts'
import { type Answer, caller, JWT_SECRET, type Native } from './support.ts'

const MAIN = fileURLToPath(new URL('native-main.ts', import.meta.url))
const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'findAndModify'])

interface Doomed {
  readonly call: Native['call']
  /** The writes that reached the database, as `name collection`. */
  readonly written: readonly string[]
  /** Kills the process when it sends its nth write from now on, or the commit, which then does not arrive. */
  dieAt(nth: number | 'commit'): void
  /** The signal that ended the process. */
  readonly ended: Promise<unknown>
  /** Of its last transaction. */
  readonly session: Document | undefined
}

/** The native services in a process that dies between two of its writes. */
async function givenDoomed({ uri, openai }: Clinic, replicaSet: boolean): Promise<Doomed> {
  const written: string[] = []
  let limit: number | 'commit' | undefined
  let session: Document | undefined
  const isLast = ({ name }: Command) =>
    limit === 'commit' ? name === 'commitTransaction' : written.length + 1 === limit
  const proxy = await givenCommandProxy({
    uri,
    replicaSet,
    onCommand(command) {
      session = command.transaction ?? session
      const isWrite = limit !== undefined && WRITES.has(command.name)
      if ((isWrite || command.name === 'commitTransaction') && isLast(command)) {
        process.kill(running.pid, 'SIGKILL')
        return 'cut'
      }
      if (isWrite) written.push(`${command.name} ${command.collection}`)
      return 'pass'
    }
  })
  const running = await startProcess({
    name: 'doomed',
    args: [MAIN],
    env: { MONGODB_URI: proxy, JWT_SECRET, OPENAI_BASE_URL: openai.url }
  })
  onTestFinished(async () => void (await running.kill()))
  const origin = await running.waitForLine(line => /^native listening on (.+)$/.exec(line)?.[1])
  return {
    call: caller(origin),
    written,
    dieAt: nth => void (limit = nth),
    ended: running.exited.then(({ signal }) => signal),
    get session() {
      return session
    }
  }
}

/** Both readers' answers, which must agree to the byte. */
async function readAll(readers: readonly Native['call'][], clinic: Clinic, path: string): Promise<unknown> {
  const answers: Answer[] = []
  for (const read of readers) answers.push(await read('GET', path, clinic.ann))
  const [first, ...others] = answers.map(({ status, text }) => `${status} ${text}`)
  for (const other of others) expect(other).toBe(first)
  return answers[0]?.body
}

const MODES = [
  { mode: 'in a transaction', replicaSet: true, dieAt: 2 },
  { mode: 'in a transaction that is not committed', replicaSet: true, dieAt: 'commit' },
  { mode: 'without transactions', replicaSet: false, dieAt: 2 }
] as const

async function given({ replicaSet, dieAt }: (typeof MODES)[number]) {
  const clinic = await givenClinic()
  const readers = [await givenLegacy(clinic), clinic.call]
  const doomed = await givenDoomed(clinic, replicaSet)
  const read = (path: string) => readAll(readers, clinic, path)
  const { token } = clinic.ann
  /** Has the server end the dead process's transaction, as it does by itself after a minute, and let its documents go. */
  const abandoned = async () => {
    if (doomed.session) await clinic.db.admin().command({ killSessions: [doomed.session] })
  }
  return {
    ...clinic,
    token,
    doomed,
    list: async () => Object(await read('/api/consultation/')).consultations,
    consultation: async (id: string) => Object(await read(`/api/consultation/${id}`)).consultation,
    notes: async (id: string) => Object(await read(`/api/notes/${id}`)).notes,
    /** Sends a request that the process does not survive. */
    die: async (method: 'POST' | 'DELETE', path: string, body?: object) => {
      doomed.dieAt(dieAt)
      await expect(doomed.call(method, path, { token, body })).rejects.toThrow(/closed|reset/i)
      expect(await doomed.ended).toBe('SIGKILL')
      expect(doomed.session !== undefined).toBe(replicaSet)
      onTestFinished(abandoned)
    },
    abandoned
  }
}

describe.each(MODES)('a process that dies between two writes, $mode', mode => {
  it('leaves nothing of a consultation that it started', async () => {
    const { die, abandoned, doomed, list, consultation, call, ann } = await given(mode)
    await die('POST', '/api/consultation/start', { patient_data: { name: 'P' } })
    expect(doomed.written[0]).toBe('insert transcripts')
    expect(await list()).toEqual([])

    await abandoned()
    const started = await start(call, ann)
    expect((await list()).map(idOf)).toEqual([started.consultation])
    expect(await consultation(started.consultation)).toMatchObject({ transcript: { _id: started.transcript } })
  })

  it('leaves a consultation that it ended active, to be ended again', async () => {
    const { die, abandoned, doomed, consultation, call, db, ann, token } = await given(mode)
    const started = await start(call, ann)
    const path = `/api/consultation/${started.consultation}/end`
    const body = { prompt_used: await givenPrompt(db, ann) }
    await die('POST', path, body)
    expect(doomed.written[0]).toBe('findAndModify transcripts')
    const left = await consultation(started.consultation)
    expect(left.status).toBe('active')
    expect(left).not.toHaveProperty('ended_at')

    await abandoned()
    expect(await call('POST', path, { token, body })).toMatchObject({ status: 200 })
    const ended = await consultation(started.consultation)
    expect(ended).toMatchObject({ status: 'ended', ended_at: ended.transcript.updated_at })
    expect(ended.transcript.summary).toMatch(/Subjective/)
  })

  it('leaves nothing of a note that it added', async () => {
    const { die, abandoned, doomed, consultation, notes, call, ann } = await given(mode)
    const started = await start(call, ann)
    const path = `/api/notes/${started.consultation}`
    await die('POST', path, { body: 'lost', transcriptId: started.transcript })
    expect(doomed.written[0]).toBe('update consultations')
    expect(await notes(started.consultation)).toEqual([])
    expect(await consultation(started.consultation)).toMatchObject({ notes: [] })

    await abandoned()
    const note = await addNote(call, ann, started, 'again')
    expect((await notes(started.consultation)).map(idOf)).toEqual([note])
    expect((await consultation(started.consultation)).notes.map(idOf)).toEqual([note])
  })

  it('leaves a note that it deleted whole, or nothing of it', async () => {
    const { die, abandoned, doomed, consultation, notes, call, ann, token } = await given(mode)
    const started = await start(call, ann)
    const kept = await addNote(call, ann, started, 'kept')
    const path = `/api/notes/${await addNote(call, ann, started, 'to go')}`
    await die('DELETE', path)
    expect(doomed.written[0]).toBe('delete notes')
    const left = await notes(started.consultation)
    expect(left).toHaveLength(mode.replicaSet ? 2 : 1)
    expect((await consultation(started.consultation)).notes.map(idOf)).toEqual(left.map(idOf).toReversed())

    await abandoned()
    expect((await call('DELETE', path, { token })).status).toBe(mode.replicaSet ? 200 : 404)
    expect((await notes(started.consultation)).map(idOf)).toEqual([kept])
    expect((await consultation(started.consultation)).notes.map(idOf)).toEqual([kept])
  })
})
