import { byId } from '../platform/documents.ts'
import type { UserRepository } from './repository.ts'
import type { Clinician } from './schema.ts'

/** The users of these ids as other documents' clinicians; an id whose user is no more is not in it. */
export async function cliniciansOf(
  users: Pick<UserRepository, 'byId'>,
  ids: Iterable<string>
): Promise<ReadonlyMap<string, Clinician>> {
  const found = await Promise.all([...new Set(ids)].map(id => users.byId(id)))
  const known = found.filter(user => user !== undefined)
  return byId(known.map(({ _id, username, email }) => ({ _id, username, email })))
}
