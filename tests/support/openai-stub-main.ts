import { startOpenAiStub } from './openai-stub.ts'

const stub = await startOpenAiStub()
process.stdout.write(`openai stub listening on ${stub.url}\n`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stub.close())
