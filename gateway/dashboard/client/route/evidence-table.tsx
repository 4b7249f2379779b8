import type { RolloutStatus } from '../../../admin/schemas.ts'
import { Empty, Millis, Percent } from '../components/index.ts'

const NAMES: Readonly<Record<string, string>> = {
  errorRate: 'Error rate',
  serverErrorRate: 'Server error rate',
  errorIncrease: 'Errors above legacy',
  refusalIncrease: 'Refusals above legacy',
  latency: 'Latency beside legacy',
  health: 'Health checks'
}
const MARKS = { passed: '✔', waiting: '…', failed: '✖', inconclusive: '?', error: '▲' } as const
const format = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 })

/** What each guardrail has measured at this step, and what it must not exceed. */
export function EvidenceTable({ status }: { readonly status: RolloutStatus }) {
  const { verdicts, share, obstacles } = status
  return (
    <>
      {verdicts.length === 0 ? (
        <Empty>
          {status.phase === 'progressing'
            ? 'Nothing is judged yet: the step has just begun.'
            : 'Nothing is judged: no rollout is running.'}
        </Empty>
      ) : (
        <table class="stacked">
          <thead>
            <tr>
              <th scope="col">Guardrail</th>
              <th scope="col">Status</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col" class="number">
                Bound
              </th>
              <th scope="col" class="number">
                E-value (fails at)
              </th>
              <th scope="col" class="number">
                Requests
              </th>
              <th scope="col">In words</th>
            </tr>
          </thead>
          <tbody>
            {verdicts.map(({ guardrail, status: verdict, value, bound, unit, statistic, requests, message }) => (
              <tr key={guardrail} class={verdict}>
                <th scope="row">{NAMES[guardrail] ?? guardrail}</th>
                <td data-label="Status" class="status">
                  <span aria-hidden="true">{MARKS[verdict]}</span> {verdict}
                </td>
                <td data-label="Value" class="number">
                  {value === undefined ? '–' : `${format.format(value)} ${unit}`}
                </td>
                <td data-label="Bound" class="number">
                  {format.format(bound)} {unit}
                </td>
                <td data-label="E-value (fails at)" class="number">
                  {statistic === undefined
                    ? '–'
                    : `${format.format(statistic.value)} (${format.format(statistic.bound)})`}
                </td>
                <td data-label="Requests" class="number">
                  {requests}
                </td>
                <td data-label="In words">{message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {share !== undefined && <p>Callers: {share.message}</p>}
      {obstacles.length > 0 && (
        <ul>
          {obstacles.map(obstacle => (
            <li key={obstacle}>{obstacle}</li>
          ))}
        </ul>
      )}
      <Sides status={status} />
    </>
  )
}

function Sides({ status: { native, legacy, callers } }: { readonly status: RolloutStatus }) {
  const sides = [
    ['native', native, callers.native],
    ['legacy', legacy, callers.legacy]
  ] as const
  return (
    <div class="scrolls" tabIndex={0} role="region" aria-label="Both sides at this step">
      <table>
        <caption>Both sides at this step</caption>
        <thead>
          <tr>
            {['Side', 'Callers', 'Requests', 'Errors', '4xx', 'p50', 'p95', 'p99'].map(name => (
              <th key={name} scope="col" class={name === 'Side' ? undefined : 'number'}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sides.map(([name, { requests, errors, refusals, p50Ms, p95Ms, p99Ms }, seen]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{seen}</td>
              <td class="number">{requests}</td>
              <td class="number">
                {errors} (<Percent value={requests === 0 ? undefined : (errors / requests) * 100} />)
              </td>
              <td class="number">{refusals}</td>
              {[p50Ms, p95Ms, p99Ms].map((value, index) => (
                <td key={index} class="number">
                  <Millis value={value} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
