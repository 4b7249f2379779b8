import { authenticatedRows, rows } from '../rows.ts'
import { answer, type IntendedDifference } from './difference.ts'

const loggedOut = answer(401, { msg: 'Session logged out. Please log in again.' })

/** The same for every route, under its own name. */
export const sessionDifferences: readonly IntendedDifference[] = authenticatedRows.map(({ route, status }) => ({
  id: `${route}.logged-out`,
  route,
  what: 'the token was logged out',
  // The profile of a user that there is.
  legacy: answer(route === 'users.profile' ? 200 : status),
  native: loggedOut,
  rule: 'logout'
}))

export const transcriptionDifferences: readonly IntendedDifference[] = [
  {
    id: 'transcription.bad-token',
    route: 'transcription.stream',
    what: 'the token is not a good one, which the contract asks for nowhere and the frontend may send',
    legacy: answer(101),
    native: answer(401, { msg: 'Not authorized, invalid token' }),
    rule: 'logout',
    why: 'a token that is sent is looked at'
  },
  {
    id: 'transcription.logged-out',
    route: 'transcription.stream',
    what: 'the token was logged out',
    legacy: answer(101),
    native: loggedOut,
    rule: 'logout'
  }
]

/** Rows that read a body. */
export const rowsWithBody = [
  ...new Map(rows.filter(({ method }) => /POST|PATCH/.test(method)).map(row => [row.route, row])).values()
]

/** Express tells of a body that it cannot take in HTML, with its stack. */
export const bodyDifferences: readonly IntendedDifference[] = rowsWithBody.flatMap(({ route }) => [
  {
    id: `${route}.malformed-json`,
    route,
    what: 'the body is not JSON',
    legacy: answer(400),
    native: answer(400, { msg: 'Malformed request' }),
    fields: [''],
    rule: 'secrecy' as const
  },
  {
    id: `${route}.too-large`,
    route,
    what: 'the body is larger than 10 MB',
    legacy: answer(413),
    native: answer(413, { msg: 'Request body too large' }),
    fields: [''],
    rule: 'secrecy' as const
  }
])
