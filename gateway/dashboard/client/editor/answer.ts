import { type Inputs, useEffect, useState } from 'preact/hooks'
import { messageOf } from './message.ts'

export interface Asked<T> {
  /** The latest; undefined until the first. */
  readonly answer: T | undefined
  /** Why the last question was not answered. */
  readonly failure: string | undefined
}

/** Asks on opening and whenever one of `inputs` changes; the answer to the last question is the one that counts. */
export function useAnswer<T>(ask: () => Promise<T>, inputs: Inputs): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ answer: undefined, failure: undefined })
  useEffect(() => {
    let isWanted = true
    const run = async () => {
      try {
        const answer = await ask()
        if (isWanted) setAsked({ answer, failure: undefined })
      } catch (error) {
        if (isWanted) setAsked(before => ({ ...before, failure: messageOf(error) }))
      }
    }
    void run()
    return () => {
      isWanted = false
    }
  }, inputs)
  return asked
}
