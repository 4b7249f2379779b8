/** Where OpenAI is and how it is used. */
export interface OpenAiOptions {
  /** With the version: `https://api.openai.com/v1`, the default. */
  readonly baseUrl?: string
  readonly apiKey?: string
  /** Default: `gpt-4o`. */
  readonly chatModel?: string
  /** Default: `whisper-1`. */
  readonly transcriptionModel?: string
  /** Milliseconds that one attempt may take. */
  readonly timeoutMs?: number
  /** Attempts after the first. */
  readonly maxRetries?: number
  /** Requests out at the same time; further ones wait. */
  readonly concurrency?: number
}

export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }

export interface Prompting {
  readonly system: string
  readonly user: string | readonly ContentPart[]
}

/** What the services ask of OpenAI. Aborting the signal cancels the request that is out. */
export interface OpenAi {
  /** The text of one chat completion. @throws OpenAiFailure */
  complete(prompting: Prompting, signal?: AbortSignal): Promise<string>
  /** The English text of WebM audio. @throws OpenAiFailure */
  transcribe(audio: Uint8Array, signal?: AbortSignal): Promise<string>
}

/** OpenAI gave no usable answer. The message holds nothing that OpenAI or the caller wrote. */
export class OpenAiFailure extends Error {
  override readonly name = 'OpenAiFailure'
  /** Of its answer, if there was one. */
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}
