import { writeFile } from 'node:fs/promises'
import { canaryDashboard } from './canary.ts'

/** Writes the dashboard that Grafana is provisioned with; `biome format --write` it afterwards. */
const file = new URL('dashboards/canary.json', import.meta.url)
await writeFile(file, `${JSON.stringify(canaryDashboard(), undefined, 2)}\n`)
