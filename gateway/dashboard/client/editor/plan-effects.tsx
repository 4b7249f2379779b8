import type { Plan } from '../../../admin/schemas.ts'

type PlannedRoute = Plan['routes'][number]
type Standing = NonNullable<PlannedRoute['from']>

/** What a change does to whom: how it raises exposure, and the callers that it moves, route by route. */
export function PlanEffects({ plan: { raises, routes } }: { readonly plan: Plan }) {
  return (
    <>
      {raises.length > 0 && (
        <>
          <h3>What it raises</h3>
          <ul class="raises">
            {raises.map(raise => (
              <li key={raise}>{raise}</li>
            ))}
          </ul>
        </>
      )}
      {routes.length > 0 && (
        <>
          <h3>Callers it moves</h3>
          <ul class="moves">
            {routes.map(route => (
              <li key={route.id}>
                <strong>{route.id}</strong>: {standingOf(route.from)} → {standingOf(route.to)}. {movesOf(route)}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function standingOf(standing: Standing | undefined): string {
  if (standing === undefined) return 'no such route'
  return standing.killSwitch ? `kill switch on (weight ${standing.weight} %)` : `weight ${standing.weight} %`
}

function movesOf({ callers: { seen, moving, toNative, toLegacy, estimated = false } }: PlannedRoute): string {
  if (seen === 0) return 'Nobody has asked for it in the last hour.'
  const about = estimated ? 'about ' : ''
  const sides = [
    toNative > 0 ? `${toNative} to native` : undefined,
    toLegacy > 0 ? `${toLegacy} to legacy` : undefined
  ].filter(side => side !== undefined)
  const who = `Of ${seen} ${seen === 1 ? 'caller' : 'callers'} of the last hour`
  return moving === 0 ? `${who} none moves.` : `${who} ${about}${moving} would move: ${about}${sides.join(', ')}.`
}
