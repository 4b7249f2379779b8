import { answer, crash, type IntendedDifference, invalid, silence, stored } from './difference.ts'

const registered = answer(200, { msg: 'User has been registered' })

const crashingRegistrations: readonly (readonly [string, string])[] = [
  ['unknown-role', 'the role is neither patient nor clinician'],
  ['no-username', 'there is no username'],
  ['no-email', 'there is no email'],
  ['no-password', 'there is no password']
]

export const userDifferences: readonly IntendedDifference[] = [
  {
    id: 'check-email.repeated',
    route: 'users.check-email',
    what: 'the query has two emails, both free',
    legacy: answer(200, { available: true }),
    native: invalid,
    rule: 'malformed',
    why: 'two emails are no email; Mongoose looks for either'
  },
  ...crashingRegistrations.map(
    ([name, what]): IntendedDifference => ({
      id: `register.${name}`,
      route: 'users.register',
      what,
      legacy: crash,
      native: invalid,
      rule: 'malformed'
    })
  ),
  {
    id: 'register.no-body',
    route: 'users.register',
    what: 'there is no body',
    legacy: answer(500),
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'register.operator',
    route: 'users.register',
    what: 'the email is a query operator that matches any',
    legacy: answer(401, { msg: 'User already exists' }),
    native: invalid,
    rule: 'malformed',
    why: 'an operator is no email; Mongoose runs it'
  },
  {
    id: 'register.short-password',
    route: 'users.register',
    what: 'the password has 7 characters',
    legacy: registered,
    native: invalid,
    rule: 'passwords'
  },
  {
    id: 'register.long-password',
    route: 'users.register',
    what: 'the password has 73 bytes',
    legacy: registered,
    native: invalid,
    rule: 'passwords'
  },
  {
    id: 'login.wrong-password',
    route: 'users.login',
    what: 'the password is wrong',
    legacy: silence,
    native: answer(401, { msg: 'wrong credentials' }),
    rule: 'answered'
  },
  {
    id: 'login.too-many-failures',
    route: 'users.login',
    what: 'the password is wrong, as it was ten times before',
    legacy: silence,
    native: answer(429),
    rule: 'answered',
    why: 'and the answer is not for guessing'
  },
  {
    id: 'login.no-body',
    route: 'users.login',
    what: 'there is no body',
    legacy: answer(500),
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'login.no-password',
    route: 'users.login',
    what: 'there is no password',
    legacy: answer(500),
    native: invalid,
    rule: 'malformed'
  },
  {
    id: 'login.operator',
    route: 'users.login',
    what: 'the email is a query operator that matches any',
    legacy: silence,
    native: invalid,
    rule: 'malformed',
    why: 'an operator is no email; Mongoose runs it'
  },
  {
    id: 'login.cheap-hash',
    route: 'users.login',
    what: 'the cost of the stored hash, 4 before, after a login where 8 is configured',
    legacy: stored('$2b$04$'),
    native: stored('$2b$08$'),
    rule: 'passwords'
  },
  {
    id: 'logout.no-token',
    route: 'users.logout',
    what: 'no token is sent',
    legacy: silence,
    native: answer(401, { msg: 'Please login, no token provided' }),
    rule: 'answered'
  },
  {
    id: 'logout.entry',
    route: 'users.logout',
    what: 'the fields of what is stored of the token',
    legacy: stored(['_id', 'blackToken']),
    native: stored(['_id', 'blackToken', 'expiresAt']),
    rule: 'logout',
    why: 'an entry that is no longer needed goes by itself'
  },
  {
    id: 'logout.bad-token',
    route: 'users.logout',
    what: 'how often a token is stored that was never good',
    legacy: stored(1),
    native: stored(0),
    rule: 'logout',
    why: 'it is refused anyway, and anybody could fill the list'
  }
]
