import { describe } from 'vitest'
import { authentication } from './authentication.ts'
import { type ContractOptions, contract } from './context.ts'
import { crossCutting } from './cross-cutting.ts'
import { notes } from './notes.ts'
import { rest } from './rest.ts'
import { users } from './users.ts'

/** The HTTP contract of what there is natively, as tests of whatever answers at `baseUrl`. */
export function contractSuite(options: ContractOptions): void {
  const context = contract(options)
  describe('cross-cutting', () => {
    crossCutting(context)
  })
  describe('authentication', () => {
    authentication(context)
  })
  describe('users', () => {
    users(context)
  })
  describe('notes', () => {
    notes(context)
  })
}

/** The usual way through everything else. */
export function restSuite(options: ContractOptions): void {
  describe('the rest of the API', () => {
    rest(contract(options))
  })
}
