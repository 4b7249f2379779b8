import { InvalidInput } from '../platform/errors.ts'
import type { Passwords } from '../platform/passwords.ts'
import type { Sessions } from '../platform/sessions.ts'
import type { UserRepository } from './repository.ts'
import type { Credentials, Registration, User } from './schema.ts'

export type LoginResult =
  | { readonly outcome: 'logged-in'; readonly token: string }
  | { readonly outcome: 'unknown-email' }
  | { readonly outcome: 'wrong-password' }

export interface UserService {
  isAvailable(email: string): Promise<boolean>
  /** @throws InvalidInput when the password is too short or too long */
  register(registration: Registration): Promise<'registered' | 'email-taken'>
  login(credentials: Credentials): Promise<LoginResult>
  logout(token: string): Promise<void>
  profile(userId: string): Promise<User | undefined>
}

interface Dependencies {
  readonly users: UserRepository
  readonly passwords: Passwords
  readonly sessions: Sessions
}

export function userService({ users, passwords, sessions }: Dependencies): UserService {
  return {
    isAvailable: async email => !(await users.isTaken(normal(email))),

    async register({ username, email, password, role }) {
      const problem = passwords.problemWith(password)
      if (problem !== undefined) throw new InvalidInput([{ path: '/password', message: problem }])
      // Before hashing, which is the expensive part; the unique index decides a race.
      if (await users.isTaken(normal(email))) return 'email-taken'
      const passwordHash = await passwords.hash(password)
      const added = await users.add({ username: username.trim(), email: normal(email), passwordHash, role })
      return added ? 'registered' : 'email-taken'
    },

    async login({ email, password }) {
      const account = await users.accountOf(normal(email))
      if (account === undefined) return { outcome: 'unknown-email' }
      const { matches, outdated } = await passwords.check(password, account.passwordHash)
      if (!matches) return { outcome: 'wrong-password' }
      if (outdated) await users.replaceHash(account.id, account.passwordHash, await passwords.hash(password))
      return { outcome: 'logged-in', token: await sessions.open(account) }
    },

    logout: token => sessions.close(token),

    profile: userId => users.byId(userId)
  }
}

function normal(email: string): string {
  return email.toLowerCase()
}
