import type { RevisionRecord } from '../../../admin/schemas.ts'
import { get } from '../api.ts'
import { Time } from '../components/index.ts'
import { useAnswer } from './answer.ts'

const MOST = 10

interface OthersProps {
  /** The revision that something was made for, and the one that serves. */
  readonly from: number
  readonly to: number
}

/** Who made the revisions that came in between, and why; the newest first. */
export function Others({ from, to }: OthersProps) {
  const { answer = [] } = useAnswer(() => revisionsAfter(from, to), [from, to])
  if (answer.length === 0) return null
  return (
    <ul class="others">
      {answer.map(({ number, at, actor, reason }) => (
        <li key={number}>
          Revision {number} by <strong>{actor.name}</strong>, <Time at={at} />
          {reason === '' ? '' : `: ${reason}`}
        </li>
      ))}
    </ul>
  )
}

async function revisionsAfter(from: number, to: number): Promise<readonly RevisionRecord[]> {
  const { data } = await get<readonly RevisionRecord[]>(`/config/revisions?limit=${MOST}&before=${to + 1}`)
  return data.filter(({ number }) => number > from)
}
