import { type Db, type IndexDescription, MongoServerError, ObjectId } from 'mongodb'
import { batchLoader } from '../platform/batch-loader.ts'
import { parseObjectId } from '../platform/object-id.ts'
import type { User } from './schema.ts'

interface UserDocument {
  username: string
  email: string
  password: string
  role: User['role']
  prompts: ObjectId[]
  notes: ObjectId[]
  transcripts: ObjectId[]
  createdAt: Date
  /** Mongoose's version key. */
  __v: number
}

export interface Account {
  readonly id: string
  readonly username: string
  readonly passwordHash: string
}

export interface NewUser {
  readonly username: string
  readonly email: string
  readonly passwordHash: string
  readonly role: User['role']
}

export interface UserRepository {
  /** Look-ups at the same time share a round trip. */
  byId(id: string): Promise<User | undefined>
  accountOf(email: string): Promise<Account | undefined>
  /** Look-ups at the same time share a round trip. */
  isTaken(email: string): Promise<boolean>
  /** Undefined when the email was taken, also by a registration at the same moment. */
  add(user: NewUser): Promise<User | undefined>
  /** Replaces a password's hash, unless it was replaced meanwhile. */
  replaceHash(id: string, current: string, next: string): Promise<void>
}

export const USERS = 'users'
export const USER_INDEXES: readonly IndexDescription[] = [{ key: { email: 1 }, unique: true }]

const DUPLICATE_KEY = 11000

export function userRepository(db: Db): UserRepository {
  const users = db.collection<UserDocument>(USERS)

  const load = batchLoader<string, User>(async ids => {
    const found = await users
      .find(
        { _id: { $in: ids.map(id => ObjectId.createFromHexString(id)) } },
        { projection: { username: 1, email: 1, role: 1, createdAt: 1 }, batchSize: 1000 }
      )
      .toArray()
    return new Map(
      found.map(({ _id, username, email, role, createdAt }) => {
        const id = _id.toHexString()
        return [id, { _id: id, username, email, role, createdAt }]
      })
    )
  })

  const loadTaken = batchLoader<string, true>(async emails => {
    const found = await users
      .find({ email: { $in: [...emails] } }, { projection: { _id: 0, email: 1 }, batchSize: 1000 })
      .toArray()
    return new Map(found.map(({ email }) => [email, true]))
  })

  return {
    async byId(id) {
      const key = parseObjectId(id)?.toHexString()
      return key === undefined ? undefined : load(key)
    },

    async accountOf(email) {
      const found = await users.findOne({ email }, { projection: { username: 1, password: 1 } })
      if (found === null) return undefined
      const { _id, username, password } = found
      return { id: _id.toHexString(), username, passwordHash: password }
    },

    isTaken: async email => (await loadTaken(email)) === true,

    async add({ username, email, passwordHash, role }) {
      try {
        const createdAt = new Date()
        const { insertedId } = await users.insertOne({
          username,
          email,
          password: passwordHash,
          role,
          prompts: [],
          notes: [],
          transcripts: [],
          createdAt,
          __v: 0
        })
        return { _id: insertedId.toHexString(), username, email, role, createdAt }
      } catch (error) {
        if (error instanceof MongoServerError && error.code === DUPLICATE_KEY) return undefined
        throw error
      }
    },

    async replaceHash(id, current, next) {
      const filter = { _id: ObjectId.createFromHexString(id), password: current }
      await users.updateOne(filter, { $set: { password: next } })
    }
  }
}
