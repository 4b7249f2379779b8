import { Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import Client, { APIConnectionError, APIConnectionTimeoutError, APIError, toFile } from 'openai'
import pLimit from 'p-limit'
import { boundedFetch } from './bounded-fetch.ts'
import { untilAborted } from './until-aborted.ts'

/** Where OpenAI is and how it is used. */
export interface OpenAiOptions {
  /** With the version: `https://api.openai.com/v1`, the default. */
  readonly baseUrl?: string
  /** Without one every request to OpenAI itself fails; a server of one's own may do without. */
  readonly apiKey?: string
  /** Default: `gpt-4o`. */
  readonly chatModel?: string
  /** Default: `whisper-1`. */
  readonly transcriptionModel?: string
  /** Milliseconds that one attempt may take; default 60,000. */
  readonly timeoutMs?: number
  /** Attempts after the first; default 2. */
  readonly maxRetries?: number
  /** Requests out at the same time, at least 1; further ones wait. Default 16. */
  readonly concurrency?: number
}

export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: { readonly url: string } }

export interface Prompting {
  readonly system: string
  readonly user: string | readonly ContentPart[]
}

/**
 * What the services ask of OpenAI. When the signal aborts, a request that waits is not sent, one that is out is
 * cancelled, and the promise rejects with the signal's reason.
 */
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

const DEFAULTS = {
  baseUrl: 'https://api.openai.com/v1',
  chatModel: 'gpt-4o',
  transcriptionModel: 'whisper-1',
  timeoutMs: 60_000,
  maxRetries: 2,
  concurrency: 16
}

/** Many times the longest completion. */
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

const completion = TypeCompiler.Compile(
  Type.Object({
    choices: Type.Array(Type.Object({ message: Type.Object({ content: Type.String() }) }), { minItems: 1 })
  })
)
const transcription = TypeCompiler.Compile(Type.Object({ text: Type.String() }))

export function createOpenAi(options: OpenAiOptions): OpenAi {
  const { chatModel, transcriptionModel, concurrency, ...connection } = { ...DEFAULTS, ...options }
  const client = clientOf(connection)
  const limit = pLimit(concurrency)

  async function ask(request: (client: Client) => Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
    signal?.throwIfAborted()
    if (client === undefined) throw new OpenAiFailure('no OpenAI key is configured')
    // Whoever leaves keeps a place in the queue, and nothing else in memory: a request may hold a whole recording.
    let wanted: typeof request | undefined = request
    const turn = limit(async () => {
      signal?.throwIfAborted()
      return wanted?.(client)
    })
    try {
      return await untilAborted(turn, signal)
    } catch (error) {
      signal?.throwIfAborted()
      throw failureOf(error)
    } finally {
      wanted = undefined
    }
  }

  return {
    async complete({ system, user }, signal) {
      const content = typeof user === 'string' ? user : [...user]
      const messages = [
        { role: 'system' as const, content: system },
        { role: 'user' as const, content }
      ]
      const answer = await ask(
        ({ chat }) => chat.completions.create({ model: chatModel, messages }, { signal }),
        signal
      )
      if (!completion.Check(answer)) throw new OpenAiFailure('OpenAI answered without a text')
      return answer.choices[0]?.message.content ?? ''
    },

    async transcribe(audio, signal) {
      const answer = await ask(async ({ audio: { transcriptions } }) => {
        const file = await toFile(audio, 'audio.webm', { type: 'audio/webm' })
        return transcriptions.create({ model: transcriptionModel, language: 'en', file }, { signal })
      }, signal)
      if (!transcription.Check(answer)) throw new OpenAiFailure('OpenAI answered without a text')
      return answer.text
    }
  }
}

type Connection = Required<Pick<OpenAiOptions, 'baseUrl' | 'timeoutMs' | 'maxRetries'>> & Pick<OpenAiOptions, 'apiKey'>

/** Says everything that the package would otherwise read from `OPENAI_*` variables of its own. Undefined for OpenAI without a key. */
function clientOf({ baseUrl, apiKey = '', timeoutMs, maxRetries }: Connection): Client | undefined {
  if (apiKey === '' && baseUrl === DEFAULTS.baseUrl) return undefined
  return new Client({
    baseURL: baseUrl,
    // The package takes an empty one for none, and looks for another in the environment.
    apiKey: apiKey === '' ? 'none' : apiKey,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    timeout: timeoutMs,
    maxRetries,
    // At `debug` it would print bodies.
    logLevel: 'off',
    fetch: boundedFetch(MAX_RESPONSE_BYTES)
  })
}

function failureOf(error: unknown): OpenAiFailure {
  if (error instanceof APIConnectionTimeoutError) return new OpenAiFailure('OpenAI did not answer in time')
  if (error instanceof APIConnectionError) return new OpenAiFailure('OpenAI could not be reached')
  if (error instanceof APIError && error.status !== undefined) {
    return new OpenAiFailure(`OpenAI answered ${error.status}`, error.status)
  }
  return new OpenAiFailure('OpenAI answered with something that cannot be read')
}
