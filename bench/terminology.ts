import type { Server, Starter } from './servers.ts'

const TOKEN = { access_token: 'of the benchmark', expires_in: 300, token_type: 'Bearer' }
const SEARCH = {
  resourceType: 'ValueSet',
  expansion: {
    contains: [
      { system: 'http://snomed.info/sct', code: '195967001', display: 'Asthma' },
      { system: 'http://snomed.info/sct', code: '389145006', display: 'Allergic asthma' }
    ]
  }
}

/** The NHS terminology server as files of nginx: whatever is searched, asthma is found. */
export function startTerminology(starter: Starter): Promise<Server> {
  return starter.nginx(
    'terminology',
    'load',
    `default_type application/json;
    location /authorisation/ { return 200 '${JSON.stringify(TOKEN)}'; }
    location /production1/ { return 200 '${JSON.stringify(SEARCH)}'; }`
  )
}
