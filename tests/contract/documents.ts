import { randomUUID } from 'node:crypto'
import { type Db, type Document, ObjectId, type WithId } from 'mongodb'

export interface Account {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly password: string
  readonly token: string
}

type Collection = 'users' | 'consultations' | 'transcripts' | 'notes' | 'prompts' | 'blacktokens'

/** Documents in the database, as the backends store them. */
export interface Documents {
  /** A user with a token, another each time, so that weights spread over the callers. */
  readonly account: (role?: 'clinician' | 'patient') => Promise<Account>
  /** The id of a prompt with these fields over the usual ones. */
  readonly prompt: (owner: Pick<Account, 'id'>, fields?: Document) => Promise<string>
  /** The id of a document. */
  readonly insert: (collection: Collection, document: Document) => Promise<string>
  readonly stored: (collection: Collection, id: string) => Promise<WithId<Document> | null>
  readonly change: (collection: Collection, id: string, fields: Document) => Promise<void>
}

export function documents(
  db: () => Db,
  password: { readonly text: string; readonly hash: string },
  token: (claims: Record<string, unknown>) => string
): Documents {
  const insert: Documents['insert'] = async (collection, document) => {
    const { insertedId } = await db().collection(collection).insertOne(document)
    return insertedId.toHexString()
  }
  return {
    insert,

    async account(role = 'clinician') {
      const username = `user ${randomUUID()}`
      const email = `${randomUUID()}@example.org`
      const rest = { role, prompts: [], notes: [], transcripts: [], createdAt: new Date(), __v: 0 }
      const id = await insert('users', { username, email, password: password.hash, ...rest })
      return { id, username, email, password: password.text, token: token({ userID: id, author: username }) }
    },

    prompt: ({ id }, fields = {}) =>
      insert('prompts', {
        prompt_name: 'brief',
        prompt_text: 'Be brief.',
        is_shareable: false,
        is_deleted: false,
        clinician: new ObjectId(id),
        transcript_ids: [],
        created_at: new Date(),
        __v: 0,
        ...fields
      }),

    stored: (collection, id) =>
      db()
        .collection(collection)
        .findOne({ _id: new ObjectId(id) }),

    async change(collection, id, fields) {
      await db()
        .collection(collection)
        .updateOne({ _id: new ObjectId(id) }, { $set: fields })
    }
  }
}

/** The BSON type of each field of a stored document. */
export async function bsonTypes(db: Db, collection: Collection, id: string): Promise<Record<string, string>> {
  const [found] = await db
    .collection(collection)
    .aggregate([
      { $match: { _id: new ObjectId(id) } },
      { $project: { _id: 0, fields: { $objectToArray: '$$ROOT' } } },
      { $unwind: '$fields' },
      { $group: { _id: null, types: { $push: { k: '$fields.k', v: { $type: '$fields.v' } } } } },
      { $project: { types: { $arrayToObject: '$types' } } }
    ])
    .toArray()
  return { ...found?.['types'] }
}
