import { type Db, type IndexDescription, ObjectId, type WithId } from 'mongodb'
import { batchLoader } from '../platform/batch-loader.ts'
import { objectId, plain } from '../platform/documents.ts'
import { parseObjectId } from '../platform/object-id.ts'
import { type Slice, sliceStages } from '../platform/slices.ts'
import type { NewPrompt, Prompt, PromptChange, UsedPrompt } from './schema.ts'

interface PromptDocument {
  prompt_name: string | null
  prompt_text: string | null
  is_shareable: boolean | null
  is_deleted: boolean
  clinician: ObjectId
  transcript_ids: ObjectId[]
  created_at: Date
  /** Mongoose's version key. */
  __v: number
  updated_at?: Date
}

/**
 * Ids are texts; a malformed one names nothing. A deleted prompt is kept, and only found by `namesOf`. Look-ups at the
 * same time share a round trip.
 */
export interface PromptRepository {
  add(clinician: string, prompt: NewPrompt): Promise<Prompt>
  /** The caller's own and everybody's shareable prompts, newest first. */
  allReadable(caller: string): Promise<readonly Prompt[]>
  /** A part of the same list. */
  sliceOfReadable(caller: string, slice: Slice): Promise<readonly Prompt[]>
  /** The prompt, if it is the caller's own or shareable. */
  readable(caller: string, promptId: string): Promise<Prompt | undefined>
  /** Of all prompts that there are, deleted ones and other clinicians' included: for what was used in the past. */
  namesOf(promptIds: readonly string[]): Promise<ReadonlyMap<string, UsedPrompt>>
  /** Sets `updated_at`, and the fields that are given. Undefined when the clinician has no such prompt. */
  change(clinician: string, promptId: string, change: PromptChange): Promise<Prompt | undefined>
  /** Marks it as deleted. False when the clinician has no such prompt. */
  remove(clinician: string, promptId: string): Promise<boolean>
}

export const PROMPTS = 'prompts'
/** One for each half of what a caller may read, both in the order of the list. */
export const PROMPT_INDEXES: readonly IndexDescription[] = [
  { key: { clinician: 1, created_at: -1, _id: -1 } },
  { key: { is_shareable: 1, created_at: -1, _id: -1 } }
]

/** One reply holds whatever fits its 16 MB, so that a batch needs no second command. */
const BATCH_SIZE = 10_000

export function promptRepository(db: Db): PromptRepository {
  const prompts = db.collection<PromptDocument>(PROMPTS)

  const loadReadable = batchLoader<string, Prompt[]>(async callers => {
    const clinicians = callers.map(objectId)
    // A union rather than `$or`, and one condition a `$match`, so that a server with a plain planner uses the indexes.
    const documents = await prompts
      .aggregate<WithId<PromptDocument>>(
        [
          { $match: { clinician: { $in: clinicians } } },
          {
            $unionWith: {
              coll: PROMPTS,
              pipeline: [{ $match: { is_shareable: true } }, { $match: { clinician: { $nin: clinicians } } }]
            }
          },
          { $match: { is_deleted: false } },
          { $sort: { created_at: -1 } }
        ],
        { batchSize: BATCH_SIZE }
      )
      .toArray()
    const found = documents.map(plain)
    return new Map(
      callers.map(caller => [caller, found.filter(prompt => prompt.is_shareable || prompt.clinician === caller)])
    )
  })

  const load = batchLoader<string, Prompt>(async ids => {
    const found = await prompts.find({ _id: { $in: ids.map(objectId) } }, { batchSize: BATCH_SIZE }).toArray()
    return new Map(
      found.map(plain).map(prompt => {
        const { _id } = prompt
        return [_id, prompt]
      })
    )
  })

  return {
    async add(clinician, { prompt_name, prompt_text, is_shareable = false }) {
      const document = {
        prompt_name,
        prompt_text,
        is_shareable,
        is_deleted: false,
        clinician: objectId(clinician),
        transcript_ids: []
      }
      const id = new ObjectId()
      const rest = { created_at: new Date(), __v: 0 }
      await prompts.insertOne({ _id: id, ...document, ...rest })
      // The id in the middle, where Mongoose has it in the answer to a creation.
      return { ...document, clinician, _id: id.toHexString(), ...rest }
    },

    allReadable: async caller => (await loadReadable(caller)) ?? [],

    async sliceOfReadable(caller, slice) {
      const clinician = objectId(caller)
      const others = { is_deleted: false, clinician: { $ne: clinician } }
      const documents = await prompts
        .aggregate<WithId<PromptDocument>>([
          ...sliceStages({ clinician }, 'created_at', slice, { is_deleted: false }),
          { $unionWith: { coll: PROMPTS, pipeline: sliceStages({ is_shareable: true }, 'created_at', slice, others) } },
          { $sort: { created_at: -1, _id: -1 } },
          { $limit: slice.limit }
        ])
        .toArray()
      return documents.map(plain)
    },

    async readable(caller, promptId) {
      const id = parseObjectId(promptId)?.toHexString()
      const found = id === undefined ? undefined : await load(id)
      return found && !found.is_deleted && (found.is_shareable || found.clinician === caller) ? found : undefined
    },

    async namesOf(promptIds) {
      const ids = new Set(promptIds.flatMap(id => parseObjectId(id)?.toHexString() ?? []))
      const found = await Promise.all([...ids].map(load))
      return new Map(
        found.flatMap(prompt => {
          if (prompt === undefined) return []
          const { _id, prompt_name, prompt_text } = prompt
          return [[_id, { _id, prompt_name, prompt_text }]]
        })
      )
    },

    async change(clinician, promptId, { prompt_name, prompt_text, is_shareable }) {
      const id = parseObjectId(promptId)
      if (id === undefined) return undefined
      const changed = await prompts.findOneAndUpdate(
        { _id: id, clinician: objectId(clinician), is_deleted: false },
        {
          $set: {
            ...(prompt_name !== undefined && { prompt_name }),
            ...(prompt_text !== undefined && { prompt_text }),
            ...(is_shareable !== undefined && { is_shareable }),
            updated_at: new Date()
          }
        },
        { returnDocument: 'after' }
      )
      return changed === null ? undefined : plain(changed)
    },

    async remove(clinician, promptId) {
      const id = parseObjectId(promptId)
      if (id === undefined) return false
      const { matchedCount } = await prompts.updateOne(
        { _id: id, clinician: objectId(clinician), is_deleted: false },
        { $set: { is_deleted: true, updated_at: new Date() } }
      )
      return matchedCount === 1
    }
  }
}
