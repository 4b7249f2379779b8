import type { Call, Method } from './client.ts'

/** A row of the contract, by its id in routing.config.json, and a request to it. */
export interface Row {
  readonly route: string
  readonly method: Method
  readonly path: string
  readonly body?: Call['body']
}

export interface AuthenticatedRow extends Row {
  /** What anybody is answered who has a token and nothing else. */
  readonly status: number
}

const NOBODY = '65f0c0ffee65f0c0ffee65f0'

export const openRows: readonly Row[] = [
  { route: 'root', method: 'GET', path: '/' },
  { route: 'users.check-email', method: 'GET', path: '/users/checkEmail?email=nobody@example.org' },
  { route: 'users.check-email', method: 'GET', path: '/users/users/checkEmail?email=nobody@example.org' },
  { route: 'users.register', method: 'POST', path: '/users/register' },
  { route: 'users.login', method: 'POST', path: '/users/login' },
  { route: 'users.logout', method: 'POST', path: '/users/logout' }
]

const prompt = { prompt_name: 'brief', prompt_text: 'Be brief.' }

export const authenticatedRows: readonly AuthenticatedRow[] = [
  { route: 'users.profile', method: 'GET', path: '/users/profile', status: 404 },
  { route: 'consultations.start', method: 'POST', path: '/api/consultation/start', body: {}, status: 200 },
  { route: 'consultations.end', method: 'POST', path: `/api/consultation/${NOBODY}/end`, body: {}, status: 404 },
  { route: 'consultations.get', method: 'GET', path: `/api/consultation/${NOBODY}`, status: 404 },
  { route: 'consultations.list', method: 'GET', path: '/api/consultation/', status: 200 },
  { route: 'transcripts.update-text', method: 'POST', path: '/api/transcript/update-text', body: {}, status: 400 },
  { route: 'transcripts.get', method: 'GET', path: `/api/transcript/${NOBODY}`, status: 200 },
  { route: 'notes.create', method: 'POST', path: `/api/notes/${NOBODY}`, body: {}, status: 400 },
  { route: 'notes.list', method: 'GET', path: `/api/notes/${NOBODY}`, status: 200 },
  { route: 'notes.update', method: 'PATCH', path: `/api/notes/${NOBODY}`, body: {}, status: 404 },
  { route: 'notes.delete', method: 'DELETE', path: `/api/notes/${NOBODY}`, status: 404 },
  { route: 'prompts.create', method: 'POST', path: '/api/prompts/', body: prompt, status: 201 },
  { route: 'prompts.list', method: 'GET', path: '/api/prompts/', status: 200 },
  { route: 'prompts.update', method: 'PATCH', path: `/api/prompts/${NOBODY}`, body: {}, status: 404 },
  { route: 'prompts.link', method: 'PATCH', path: `/api/prompts/${NOBODY}/add-prompt/${NOBODY}`, status: 404 },
  { route: 'prompts.delete', method: 'DELETE', path: `/api/prompts/${NOBODY}`, status: 404 },
  { route: 'ai.search', method: 'POST', path: '/api/ai/search', status: 400 },
  { route: 'ai.clinical-codes', method: 'GET', path: '/api/ai/search/clinicalcodes?name=asthma', status: 200 },
  { route: 'ai.summarise', method: 'POST', path: `/api/ai/${NOBODY}/summarise`, body: {}, status: 404 },
  { route: 'ai.analyze', method: 'POST', path: '/api/ai/analyze', body: {}, status: 200 }
]

export const rows: readonly Row[] = [...openRows, ...authenticatedRows]
