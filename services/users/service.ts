import type { Attempts } from '../platform/attempts.ts'
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
  /**
   * @param address the client's, whose registrations are limited
   * @throws InvalidInput when the password is too short or too long
   * @throws TryLater after too many, or when too many wait already
   */
  register(registration: Registration, address: string): Promise<User | 'email-taken'>
  /**
   * @param address the client's, whose failures are limited
   * @throws TryLater after too many failures, or when too many wait already
   */
  login(credentials: Credentials, address: string): Promise<LoginResult>
  logout(token: string): Promise<void>
  profile(userId: string): Promise<User | undefined>
}

interface Dependencies {
  readonly users: UserRepository
  readonly passwords: Passwords
  readonly attempts: Attempts
  readonly sessions: Sessions
}

export function userService({ users, passwords, attempts, sessions }: Dependencies): UserService {
  return {
    isAvailable: async email => !(await users.isTaken(normal(email))),

    async register({ username, email, password, role }, address) {
      const problem = passwords.problemWith(password)
      if (problem !== undefined) throw new InvalidInput([{ path: '/password', message: problem }])
      // Before hashing, which is the expensive part; the unique index decides a race.
      if (await users.isTaken(normal(email))) return 'email-taken'
      await attempts.registration(address)
      const passwordHash = await passwords.hash(password)
      const added = await users.add({ username: username.trim(), email: normal(email), passwordHash, role })
      return added ?? 'email-taken'
    },

    async login({ email, password }, address) {
      const attempt = attempts.login(normal(email), address)
      await attempt.admit()
      const account = await users.accountOf(normal(email))
      // Without an account too: how long the answer takes is not to tell whether there is one.
      const { matches, replacement } = await passwords.check(password, account?.passwordHash, () => attempt.begin())
      if (account === undefined) return { outcome: 'unknown-email' }
      if (!matches) return { outcome: 'wrong-password' }
      await attempt.succeeded()
      if (replacement !== undefined) await users.replaceHash(account.id, account.passwordHash, replacement)
      return { outcome: 'logged-in', token: await sessions.open(account) }
    },

    logout: token => sessions.close(token),

    profile: userId => users.byId(userId)
  }
}

function normal(email: string): string {
  return email.toLowerCase()
}
