import { useEffect, useState } from 'preact/hooks'
import type { Plan } from '../../../admin/schemas.ts'
import type { ConfigProblem } from '../../../config/problem.ts'
import { ApiProblem, send } from '../api.ts'
import { problemsOf } from './answers.ts'
import { messageOf } from './message.ts'

/** What the gateway says of a text. */
export type Check =
  | { readonly state: 'checking' }
  | { readonly state: 'valid'; readonly plan: Plan }
  | { readonly state: 'invalid'; readonly problems: readonly ConfigProblem[] }
  | { readonly state: 'failed'; readonly message: string }

/** Long enough not to ask with every key, short enough to be there when one looks up. */
const PAUSE_MS = 400

/**
 * Asks the gateway what it would make of a text, each time typing pauses. The latest text's answer is the one that
 * counts. Undefined: asks nothing.
 */
export function useCheck(text: string | undefined): Check | undefined {
  const [check, setCheck] = useState<Check>()
  useEffect(() => {
    setCheck(text === undefined ? undefined : { state: 'checking' })
    if (text === undefined) return undefined
    let isLatest = true
    const ask = async () => {
      const answer = await checkText(text)
      if (isLatest) setCheck(answer)
    }
    const timer = setTimeout(() => void ask(), PAUSE_MS)
    return () => {
      isLatest = false
      clearTimeout(timer)
    }
  }, [text])
  return check
}

/** What the gateway would make of a text now. Never rejects. */
export async function checkText(text: string): Promise<Check> {
  try {
    const { data } = await send<Plan>('POST', '/config/plan', { change: { kind: 'text', text } })
    return { state: 'valid', plan: data }
  } catch (error) {
    const problems = error instanceof ApiProblem ? problemsOf(error.body) : undefined
    if (problems !== undefined) return { state: 'invalid', problems }
    return { state: 'failed', message: messageOf(error) }
  }
}
