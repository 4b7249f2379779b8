import { startNhsStub } from './nhs-stub.ts'

const stub = await startNhsStub()
process.stdout.write(`nhs stub listening on ${stub.url}\n`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stub.close())
