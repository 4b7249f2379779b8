import { Empty } from '../components/index.ts'

/** What was measured when an entry was made: numbers only. Of a rollout's step as tables, of anything else as it is. */
export function Evidence({ evidence }: { readonly evidence: unknown }) {
  if (!isObject(evidence)) return <Empty>Nothing was measured for this entry.</Empty>
  const { verdicts, share, ...rest } = evidence
  const facts = Object.entries(rest).filter(([, value]) => value !== undefined && value !== null)
  return (
    <div class="evidence">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{LABELS[name] ?? name}</dt>
            <dd>{textOf(name, value)}</dd>
          </div>
        ))}
      </dl>
      {Array.isArray(verdicts) && verdicts.length > 0 && <Verdicts verdicts={verdicts.filter(isObject)} />}
      {isObject(share) && <p>{shareOf(share)}</p>}
    </div>
  )
}

const LABELS: Readonly<Record<string, string>> = {
  rollout: 'Rollout',
  step: 'Step',
  requests: 'Requests of native',
  activeMs: 'Time with traffic',
  intent: 'Key of the intent'
}

function textOf(name: string, value: unknown): string {
  if (name === 'activeMs' && typeof value === 'number') return `${Math.round(value / 1000)} s`
  if (isObject(value)) return listed(value)
  return typeof value === 'number' ? numberOf(value) : String(value)
}

const NUMBERS = ['Value', 'Bound', 'Requests', 'E-value (bound)']

function Verdicts({ verdicts }: { readonly verdicts: readonly Record<string, unknown>[] }) {
  return (
    <table class="stacked">
      <caption>Guardrails</caption>
      <thead>
        <tr>
          <th scope="col">Guardrail</th>
          <th scope="col">Status</th>
          {NUMBERS.map(name => (
            <th key={name} scope="col" class="number">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {verdicts.map(({ guardrail, status, value, bound, unit, requests, statistic }) => (
          <tr key={String(guardrail)}>
            <th scope="row" data-label="Guardrail">
              {String(guardrail)}
            </th>
            <td data-label="Status">{String(status)}</td>
            <td data-label="Value" class="number">
              {withUnit(value, unit)}
            </td>
            <td data-label="Bound" class="number">
              {withUnit(bound, unit)}
            </td>
            <td data-label="Requests" class="number">
              {numberOf(requests)}
            </td>
            <td data-label="E-value (bound)" class="number">
              {isObject(statistic) ? `${numberOf(statistic.value)} (${numberOf(statistic.bound)})` : '–'}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** How many callers native really had, beside how many it was to have. */
function shareOf({
  configuredPercent,
  realisedPercent,
  callers,
  chiSquare,
  bound,
  status
}: Record<string, unknown>): string {
  const realised = `${numberOf(realisedPercent)} % of ${numberOf(callers)} callers were on native`
  const test = `chi-square ${numberOf(chiSquare)}, bound ${numberOf(bound)}`
  return `Share: ${realised}, ${numberOf(configuredPercent)} % were to be (${test}): ${String(status)}.`
}

function withUnit(value: unknown, unit: unknown): string {
  return typeof value === 'number' ? `${numberOf(value)} ${String(unit)}` : '–'
}

const format = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 })

function numberOf(value: unknown): string {
  return typeof value === 'number' ? format.format(value) : '–'
}

function listed(value: Record<string, unknown>): string {
  return Object.entries(value)
    .map(
      ([name, each]) =>
        `${name} ${isObject(each) ? `(${listed(each)})` : typeof each === 'number' ? numberOf(each) : String(each)}`
    )
    .join(', ')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
