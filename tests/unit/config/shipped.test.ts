import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { editorSchema } from '../../../gateway/config/emit-schema.ts'
import { parseRoutingConfig } from '../../../gateway/config/parse.ts'
import type { RoutingConfig } from '../../../gateway/config/schema.ts'
import { assign } from '../../../gateway/routing/assign.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { nativeModules } from '../../../services/index.ts'
import { requestOf } from '../routing/fixture.ts'

const read = (name: string) => readFile(new URL(`../../../${name}`, import.meta.url), 'utf8')

async function shipped(): Promise<RoutingConfig> {
  const known = new Set(nativeModules.map(({ name }) => name))
  const { config, problems } = parseRoutingConfig(await read('routing.config.json'), known)
  if (config === undefined) throw new Error(problems.map(problem => problem.message).join('\n'))
  return config
}

describe('routing.config.json', () => {
  it('moves nobody yet, and says who served', async () => {
    const config = await shipped()
    const nativeOnly = new Set(config.routes.filter(route => route.nativeOnly === true).map(({ id }) => id))
    const { routes } = compileRoutingTable(config, [])
    expect(routes.filter(route => route.killSwitch || !route.servedBy)).toEqual([])
    expect(routes.filter(({ id, weight }) => weight !== (nativeOnly.has(id) ? 100 : 0))).toEqual([])
  })

  it.each([
    ['GET', '/', 'root'],
    ['GET', '/users/users/checkEmail?email=a@b', 'users.check-email'],
    ['GET', '/users/checkEmail', 'users.check-email'],
    ['POST', '/users/register', 'users.register'],
    ['POST', '/users/login', 'users.login'],
    ['POST', '/users/logout', 'users.logout'],
    ['GET', '/users/profile', 'users.profile'],
    ['POST', '/api/consultation/start', 'consultations.start'],
    ['POST', '/api/consultation/1/end', 'consultations.end'],
    ['GET', '/api/consultation/1', 'consultations.get'],
    ['GET', '/api/consultation/', 'consultations.list'],
    ['POST', '/api/transcript/update-text', 'transcripts.update-text'],
    ['GET', '/api/transcript/1', 'transcripts.get'],
    ['POST', '/api/notes/1', 'notes.create'],
    ['GET', '/api/notes/1', 'notes.list'],
    ['PATCH', '/api/notes/1', 'notes.update'],
    ['DELETE', '/api/notes/1', 'notes.delete'],
    ['POST', '/api/prompts/', 'prompts.create'],
    ['GET', '/api/prompts/', 'prompts.list'],
    ['PATCH', '/api/prompts/1', 'prompts.update'],
    ['PATCH', '/api/prompts/1/add-prompt/2', 'prompts.link'],
    ['DELETE', '/api/prompts/1', 'prompts.delete'],
    ['POST', '/api/ai/search?query=x', 'ai.search'],
    ['GET', '/api/ai/search/clinicalcodes?name=x', 'ai.clinical-codes'],
    ['POST', '/api/ai/1/summarise', 'ai.summarise'],
    ['POST', '/api/ai/analyze', 'ai.analyze'],
    ['GET', '/transcription-stream', 'transcription.stream'],
    ['GET', '/api/v1', 'v1'],
    ['PUT', '/api/v1/transcripts/1', 'v1'],
    ['DELETE', '/api/v1/users/sessions/current', 'v1'],
    ['GET', '/docs', 'docs'],
    ['GET', '/docs/static/index.css', 'docs']
  ])('has %s %s as %s', async (method, url, id) => {
    const table = compileRoutingTable(await shipped(), [])
    expect(assign(table, requestOf(method, url)).route.id).toBe(id)
  })
})

describe('routing.config.schema.json', () => {
  it('is what the schema in the code says: npm run schema writes it', async () => {
    expect(JSON.parse(await read('routing.config.schema.json'))).toEqual(JSON.parse(editorSchema()))
  })

  it('does not ask an editor for what has a default', async () => {
    const { required, properties } = JSON.parse(await read('routing.config.schema.json'))
    expect(required).toEqual(['version', 'targets', 'routes'])
    expect(properties.defaults.required).toEqual([])
    expect(properties.routes.items.required).toEqual(['id', 'paths', 'methods'])
  })

  it('is the one that the configuration names', async () => {
    const { $schema } = await shipped()
    const { $id } = JSON.parse(await read('routing.config.schema.json'))
    expect($schema).toBe(`./${$id}`)
  })
})
