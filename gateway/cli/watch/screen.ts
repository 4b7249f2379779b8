import { createLogUpdate } from 'log-update'
import type { GatewayEvent } from '../../admin/schemas.ts'
import type { Io } from '../io.ts'
import { duration, milliseconds, NOTHING, percent } from '../output/format.ts'
import { type Paint, painterOf } from '../output/paint.ts'
import { breakerText, phaseText, statusText } from '../output/routes.ts'
import { tableOf } from '../output/table.ts'
import type { Row, Side, Snapshot } from './snapshot.ts'
import type { View } from './view.ts'

const EVENTS = 5
/** Lines besides the routes: the head, the table's head, blanks, the note on routes left out, the last line's end. */
const OTHER_LINES = 6

/** A table on a terminal that is drawn anew in its place. */
export function screenView({ stdout }: Io): View {
  const paint = painterOf(stdout)
  const draw = createLogUpdate(stdout)
  const events: GatewayEvent[] = []
  let shown: Snapshot | undefined
  let staleBecause: string | undefined

  const redraw = () => {
    if (shown === undefined) return
    const room = Math.max(1, (stdout.rows ?? 24) - OTHER_LINES - events.length)
    const state = staleBecause === undefined ? paint('green', 'live') : staleText(shown, staleBecause, paint)
    draw(
      [
        `Revision ${shown.revision}, ${state}, ${shown.at.toISOString().slice(11, 19)} UTC. Ctrl-C ends.`,
        '',
        rowsText(shown.rows, room, paint),
        '',
        ...events.map(({ at, type, message }) => `${at.slice(11, 19)} ${type}: ${message}`.slice(0, stdout.columns - 1))
      ].join('\n')
    )
  }

  return {
    snapshot(snapshot) {
      shown = snapshot
      staleBecause = undefined
      redraw()
    },
    event(event) {
      events.push(event)
      if (events.length > EVENTS) events.shift()
      redraw()
    },
    stale(why) {
      staleBecause = why
      redraw()
    },
    close: () => draw.done()
  }
}

function staleText({ at }: Snapshot, why: string, paint: Paint): string {
  return paint('red', `stale since ${duration(Date.now() - at.getTime())}: ${why}; trying again`)
}

function rowsText(rows: readonly Row[], room: number, paint: Paint): string {
  const columns = ['route', 'weight', 'step', 'phase', 'requests', 'errors n|l', 'p95 n|l', 'verdict', 'breaker']
  const fitting = rows.length <= room ? rows : mostMoving(rows).slice(0, room)
  const table = tableOf(
    columns.map(name => ({ name, isNumber: ['weight', 'requests', 'errors n|l', 'p95 n|l'].includes(name) })),
    fitting.map(row => cellsOf(row, paint)),
    paint
  )
  const left = rows.length - fitting.length
  return left === 0 ? table : `${table}\n${paint('dim', `… and ${left} more in a higher window`)}`
}

function cellsOf(row: Row, paint: Paint): string[] {
  const { route, weight, killed, kind, step, phase, requestsPerSecond, native, legacy, verdict, breaker } = row
  const weightText = kind === 'shared' ? percent(weight) : kind
  return [
    paint('cyan', route),
    killed ? paint('red', `killed (${weightText})`) : weightText,
    step === undefined ? NOTHING : `${step.number} of ${step.of}`,
    phaseText(phase, paint),
    `${requestsPerSecond}/s`,
    pair(native, legacy, ({ errorPercent }) => percent(errorPercent)),
    pair(native, legacy, ({ p95Ms }) => milliseconds(p95Ms)),
    verdict === undefined ? NOTHING : statusText(verdict, paint),
    breakerText(breaker, paint)
  ]
}

function pair(native: Side | undefined, legacy: Side | undefined, text: (side: Side) => string): string {
  return native === undefined || legacy === undefined ? NOTHING : `${text(native)} | ${text(legacy)}`
}

/** What needs eyes comes first; the file's order otherwise. */
function mostMoving(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted((a, b) => rankOf(a) - rankOf(b))
}

function rankOf({ killed, breaker, phase, kind, weight }: Row): number {
  if (killed || (breaker !== undefined && breaker !== 'closed') || phase === 'rolled-back') return 0
  if (phase === 'progressing' || phase === 'paused') return 1
  return kind === 'shared' && weight > 0 ? 2 : 3
}
