/** Where OpenAI is, and with which key; undefined when the environment does not say. */
export interface Chat {
  readonly baseUrl: string | undefined
  readonly apiKey: string | undefined
}

interface Message {
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | FormData
}

type Content = string | ({ type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } })[]

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly status: number

  constructor(status: number) {
    super(`OpenAI answered ${status}`)
    this.status = status
  }
}

/** @throws UpstreamError, or whatever fetch throws */
export async function chatCompletion(openai: Chat, system: string, user: Content): Promise<string> {
  const answer: { choices: { message: { content: string } }[] } = await post(openai, '/chat/completions', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'gpt-4o',
      messages: [
        { role: 'system', content: system },
        { role: 'user', content: user }
      ]
    })
  })
  const [choice] = answer.choices
  if (!choice) throw new Error('OpenAI answered without a choice')
  return choice.message.content
}

/** The text of WebM audio in English. @throws UpstreamError, or whatever fetch throws */
export async function transcription(openai: Chat, audio: Buffer<ArrayBuffer>): Promise<string> {
  const body = new FormData()
  body.set('file', new Blob([audio], { type: 'audio/webm' }), 'audio.webm')
  body.set('model', 'whisper-1')
  body.set('language', 'en')
  const answer: { text: string } = await post(openai, '/audio/transcriptions', { body })
  return answer.text
}

async function post<T>({ baseUrl, apiKey = '' }: Chat, path: string, { headers, body }: Message): Promise<T> {
  if (!baseUrl) throw new Error('OPENAI_BASE_URL is not set')
  const response = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${apiKey}` },
    body
  })
  if (!response.ok) throw new UpstreamError(response.status)
  const answer: T = JSON.parse(await response.text())
  return answer
}
