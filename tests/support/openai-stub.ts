import {
  type Behaviour,
  type Endpoint,
  endpoint,
  send,
  serveStub,
  type StubAnswer,
  type StubRequest
} from './http-stub.ts'

/** What came to OpenAI: a chat completion has `json`, a transcription has `form` and `audio`. */
export interface OpenAiRequest extends StubRequest {
  readonly json: ChatRequest | undefined
  /** The text fields. */
  readonly form: Readonly<Record<string, string>>
  /** The file as uploaded; empty without one. */
  readonly audio: Buffer
  readonly audioName: string | undefined
  readonly audioType: string | undefined
}

export interface ChatRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
}

/** A stand-in for OpenAI over real HTTP; both of its endpoints share one list of requests and one behaviour. */
export interface OpenAiStub extends Endpoint<OpenAiRequest> {
  /** With the version: what OPENAI_BASE_URL is to be. */
  readonly url: string
  close(): Promise<void>
}

/** A successful completion or transcription with this text. */
export function answer(text: string | ((request: OpenAiRequest) => string)): Behaviour<OpenAiRequest> {
  return (request, response) => send(response, wrapped(request, typeof text === 'string' ? text : text(request)))
}

/** Left alone it answers like a small, dull clinician; for other behaviours see `http-stub.ts`. */
export async function startOpenAiStub(): Promise<OpenAiStub> {
  let parts = 0
  const api = endpoint(parse, request =>
    wrapped(request, request.json ? chatText(request.json) : `This is part ${++parts} of the recording.`)
  )
  const server = await serveStub({
    'POST /v1/chat/completions': api.handle,
    'POST /v1/audio/transcriptions': api.handle
  })
  return Object.assign(api, { url: `${server.origin}/v1`, close: () => server.close() })
}

async function parse(request: StubRequest): Promise<OpenAiRequest> {
  const form: Record<string, string> = {}
  const nothing = { form, audio: Buffer.alloc(0), audioName: undefined, audioType: undefined }
  const contentType = request.headers['content-type'] ?? ''
  if (!contentType.startsWith('multipart/form-data')) {
    const json: ChatRequest = JSON.parse(request.bytes.toString())
    return { ...request, ...nothing, json }
  }
  const fields = await new Response(new Uint8Array(request.bytes), {
    headers: { 'content-type': contentType }
  }).formData()
  for (const [name, value] of fields) if (typeof value === 'string') form[name] = value
  const file = fields.get('file')
  if (!(file instanceof File)) return { ...request, ...nothing, json: undefined }
  const audio = Buffer.from(await file.arrayBuffer())
  return { ...request, json: undefined, form, audio, audioName: file.name, audioType: file.type }
}

function wrapped({ json }: OpenAiRequest, text: string): StubAnswer {
  return { body: json === undefined ? { text } : completion(json.model, text) }
}

function completion(model: string, content: string) {
  return {
    id: 'chatcmpl-stub',
    object: 'chat.completion',
    created: 1_767_225_600,
    model,
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' }
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  }
}

const SOAP = `**Subjective** The patient's account, in few words.
**Objective** What was found.
**Assessment** What it may be.
**Plan** What happens next, and when to come back.`

const HIGHLIGHTS = JSON.stringify([
  { term: 'Headache', possible_snomed: '25064002' },
  { term: 'Hypertension', possible_snomed: '38341003' }
])

function chatText({ messages }: ChatRequest): string {
  const system = String(messages[0]?.content)
  const user = messages[1]?.content
  if (Array.isArray(user)) return `## Findings\n\nNothing of note in ${user.length - 1} image(s).`
  if (/JSON/.test(system)) return HIGHLIGHTS
  if (/medical information/i.test(system)) return 'In short: rest, drink enough, and see a doctor when it gets worse.'
  return SOAP
}
