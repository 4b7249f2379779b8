import { Component, type JSX } from 'preact'
import type { LiveRoute } from '../../../admin/schemas.ts'
import { Millis, Percent, Phase, Rate, Sparkline, Time, TimeLeft, WeightBar } from '../components/index.ts'
import { Link } from '../router.ts'
import type { Scale } from './sorting.ts'

const ATTENTION = {
  failing: ['✖', 'failing'],
  'waiting-for-staff': ['▲', 'waiting for staff'],
  watching: ['▶', 'watching'],
  none: ['', '']
} as const
const VERDICTS = { passed: '✔', waiting: '…', failed: '✖', inconclusive: '?', error: '▲' } as const

interface RouteRowProps {
  readonly route: LiveRoute
  readonly scale: Scale
}

/** A route of the overview; drawn again only when it has changed. */
export class RouteRow extends Component<RouteRowProps> {
  override shouldComponentUpdate({ route, scale }: RouteRowProps): boolean {
    return (
      route !== this.props.route ||
      scale.errorPercent !== this.props.scale.errorPercent ||
      scale.p95Ms !== this.props.scale.p95Ms
    )
  }

  override render({ route, scale }: RouteRowProps): JSX.Element {
    const { id, nativeSide, legacySide, sparks, lastChange } = route
    return (
      <tr class={`route ${route.attention}`}>
        <th scope="row">
          <Link href={`/routes/${encodeURIComponent(id)}`}>{id}</Link>
          <Attention route={route} />
        </th>
        <td data-label="Weight">
          {route.nativeOnly ? 'native only' : <WeightBar weight={route.weight} steps={route.steps} />}
        </td>
        <td data-label="State">
          <Phase phase={route.phase} />
          {route.stepEndsAt !== undefined && (
            <small>
              <TimeLeft until={route.stepEndsAt} />
            </small>
          )}
        </td>
        <td data-label="Requests" class="number sides">
          <Side name="native">
            <Rate value={nativeSide.requestsPerSecond} />
          </Side>
          <Side name="legacy">
            <Rate value={legacySide.requestsPerSecond} />
          </Side>
        </td>
        <td data-label="Errors" class="number">
          <span class="measured">
            <Sparkline
              native={sparks.native.errorPercent}
              legacy={sparks.legacy.errorPercent}
              top={scale.errorPercent}
            />
            <span class="sides">
              <Side name="native">
                <Percent value={nativeSide.errorPercent} />
              </Side>
              <Side name="legacy">
                <Percent value={legacySide.errorPercent} />
              </Side>
            </span>
          </span>
        </td>
        <td data-label="p95" class="number">
          <span class="measured">
            <Sparkline native={sparks.native.p95Ms} legacy={sparks.legacy.p95Ms} top={scale.p95Ms} />
            <span class="sides">
              <Side name="native">
                <Millis value={nativeSide.p95Ms} />
              </Side>
              <Side name="legacy">
                <Millis value={legacySide.p95Ms} />
              </Side>
            </span>
          </span>
        </td>
        <td data-label="Evidence" class="verdict">
          <Verdict route={route} />
        </td>
        <td data-label="Last change">
          {lastChange === undefined ? (
            <span class="quiet">not known</span>
          ) : (
            <>
              <Time at={lastChange.at} /> <small>by {lastChange.by.name}</small>
            </>
          )}
        </td>
      </tr>
    )
  }
}

interface SideProps {
  readonly name: 'native' | 'legacy'
  readonly children: JSX.Element
}

function Side({ name, children }: SideProps) {
  return (
    <span class={`side ${name}`}>
      <abbr title={name}>{name === 'native' ? 'N' : 'L'}</abbr> {children}
    </span>
  )
}

function Attention({ route: { attention, why, killSwitch, breaker } }: { readonly route: LiveRoute }) {
  const [mark, word] = ATTENTION[attention]
  const isOpen = breaker === 'open' || breaker === 'half-open'
  return (
    <>
      {word !== '' && (
        <small class={`attention ${attention}`}>
          <span aria-hidden="true">{mark}</span> {why ?? word}
        </small>
      )}
      {killSwitch && <small class="tag">kill switch on</small>}
      {isOpen && <small class="tag">breaker {breaker}</small>}
    </>
  )
}

function Verdict({ route: { verdict, breaker } }: { readonly route: LiveRoute }) {
  return (
    <>
      {verdict === undefined ? (
        <span class="quiet">none</span>
      ) : (
        <span title={verdict.message}>
          <span aria-hidden="true">{VERDICTS[verdict.status]}</span> {verdict.status}
          <small>{verdict.message}</small>
        </span>
      )}
      {breaker !== undefined && <small>breaker {breaker}</small>}
    </>
  )
}
