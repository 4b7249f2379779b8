import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import type { Clock } from '../clock.ts'
import { UNMATCHED } from '../routing/route.ts'
import { KeptFile, type KeptFileOptions } from './kept-file.ts'
import type { EndedRequests } from './usage-counter.ts'

const NAME = 'progress.json'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The spans that are counted, and written: a crash loses at most one of them. */
const FINE_MS = 600_000
/** How long they are kept as they are; after that by the hour. 1,008 of them. */
const FINE_KEPT_MS = 7 * DAY_MS
/** How long hours are kept. 8,784 of them; all together half a megabyte. */
const KEPT_MS = 366 * DAY_MS
/** What spans are merged to, so that no answer has more than MOST_POINTS. */
const STEPS = [FINE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS]
const MOST_POINTS = 1_100

const Count = Type.Integer({ minimum: 0 })
const PointSchema = Type.Tuple([Count, Count, Count, Count, Count], {
  description: 'When the span began in milliseconds since 1970, native, legacy, routes, routes of native.'
})
const KeptSchema = Type.Object({
  version: Type.Literal(1),
  hours: Type.Array(PointSchema),
  fine: Type.Array(PointSchema)
})

/** What happened in one span. */
export interface ProgressPoint {
  /** When it began; milliseconds since 1970. */
  readonly at: number
  /** Requests of configured routes that ended, by who was to answer. */
  readonly native: number
  readonly legacy: number
  /** At the end of the span. */
  readonly routes: number
  readonly nativeRoutes: number
}

/** How far the migration is, over time and over restarts. */
export interface Progress {
  /** Counts requests that ended, within the span that is running. Those of before it was opened are left out. */
  count(at: number, ended: EndedRequests): void
  /** The spans that began within [`from`, `to`), by time, the running one included; wider ones for a longer time. */
  read(from: number, to: number): { readonly stepMs: number; readonly points: ProgressPoint[] }
  /** Writes what it knows a last time. Never rejects. */
  close(): Promise<void>
}

export interface ProgressOptions extends Omit<KeptFileOptions<typeof KeptSchema>, 'schema' | 'file'> {
  /** The state directory. */
  readonly directory: string
  readonly clock: Clock
  /** How many routes there are now, and how many of them native has for itself. */
  readonly routes: () => Pick<ProgressPoint, 'routes' | 'nativeRoutes'>
}

/** Never rejects: what cannot be read is begun anew. */
export async function openProgress({ clock, routes, directory, ...options }: ProgressOptions): Promise<Progress> {
  const file = new KeptFile({ ...options, file: join(directory, NAME), schema: KeptSchema })
  const kept = (await file.load()) ?? { version: 1 as const, hours: [], fine: [] }
  let hours = kept.hours.map(pointOf)
  let fine = kept.fine.map(pointOf)
  let counts = { native: 0, legacy: 0 }
  // Whole milliseconds, as the times of batches are.
  const openedAt = Math.floor(clock.now())
  let at = spanOf(openedAt)
  const running = (): ProgressPoint => {
    const { routes: all, nativeRoutes } = routes()
    return { at, ...counts, routes: all, nativeRoutes }
  }

  const endSpan = () => {
    const now = clock.now()
    fine = merged([...fine, running()], FINE_MS)
    at = spanOf(now)
    counts = { native: 0, legacy: 0 }
    // Whole hours, or an hour would be there twice.
    const border = Math.floor((now - FINE_KEPT_MS) / HOUR_MS) * HOUR_MS
    const old = fine.filter(point => point.at < border)
    hours = merged([...hours, ...old], HOUR_MS).filter(point => point.at >= now - KEPT_MS)
    fine = fine.filter(point => point.at >= border)
  }
  const save = () => file.save({ version: 1, hours: hours.map(tupleOf), fine: fine.map(tupleOf) })
  let saving = Promise.resolve()
  const stop = clock.every(FINE_MS / 10, () => {
    if (spanOf(clock.now()) === at) return
    endSpan()
    saving = saving.then(save)
  })

  return {
    count(endedAt, { routeId, side, requests }) {
      // What another replica sent before, this one may have counted in its last life.
      if (routeId !== UNMATCHED && endedAt >= openedAt) counts[side] += requests
    },
    read(from, to) {
      const oldest = fine[0]?.at ?? at
      const least = from < oldest && hours.length > 0 ? HOUR_MS : FINE_MS
      const stepMs = STEPS.find(step => step >= least && (to - from) / step <= MOST_POINTS) ?? DAY_MS
      const first = Math.floor(from / stepMs) * stepMs
      const all = [...hours, ...fine, running()].filter(point => point.at >= first && point.at < to)
      return { stepMs, points: merged(all, stepMs) }
    },
    async close() {
      stop()
      endSpan()
      await saving
      await save()
    }
  }
}

function spanOf(now: number): number {
  return Math.floor(now / FINE_MS) * FINE_MS
}

/** Adds up the points of each span. @param points by time. */
function merged(points: readonly ProgressPoint[], stepMs: number): ProgressPoint[] {
  const spans = new Map<number, ProgressPoint>()
  for (const point of points) {
    const at = Math.floor(point.at / stepMs) * stepMs
    const { native = 0, legacy = 0 } = spans.get(at) ?? {}
    spans.set(at, { ...point, at, native: native + point.native, legacy: legacy + point.legacy })
  }
  return [...spans.values()]
}

function pointOf([at, native, legacy, routes, nativeRoutes]: Static<typeof PointSchema>): ProgressPoint {
  return { at, native, legacy, routes, nativeRoutes }
}

function tupleOf({ at, native, legacy, routes, nativeRoutes }: ProgressPoint): Static<typeof PointSchema> {
  return [at, native, legacy, routes, nativeRoutes]
}
