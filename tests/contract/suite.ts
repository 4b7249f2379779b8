import { describe } from 'vitest'
import { authentication } from './authentication.ts'
import { type ContractOptions, contract } from './context.ts'
import { crossCutting } from './cross-cutting.ts'
import { notes } from './notes.ts'
import { rest } from './rest.ts'
import { users } from './users.ts'

/**
 * The HTTP contract as tests of whatever answers at `baseUrl`. With a `setupUrl` only the native services are expected
 * there, else the whole API.
 */
export function contractSuite(options: ContractOptions): void {
  const context = contract(options)
  describe(options.name, () => {
    describe('cross-cutting', () => crossCutting(context))
    describe('authentication', () => authentication(context))
    describe('users', () => users(context))
    describe('notes', () => notes(context))
    if (options.setupUrl === undefined) describe('the rest of the API', () => rest(context))
  })
}
