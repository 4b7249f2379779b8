import { type Static, Type } from '@sinclair/typebox'

/** Whether the share of callers on native is the weight, as far as chance allows. */
export const ShareVerdictSchema = Type.Object(
  {
    status: Type.Union([Type.Literal('passed'), Type.Literal('differs'), Type.Literal('waiting')]),
    configuredPercent: Type.Number(),
    realisedPercent: Type.Optional(Type.Number()),
    callers: Type.Integer({ description: 'Distinct callers, as distinct buckets.' }),
    chiSquare: Type.Optional(Type.Number()),
    bound: Type.Number({ description: 'What chi-square must not exceed.' }),
    message: Type.String()
  },
  { additionalProperties: false }
)
export type ShareVerdict = Static<typeof ShareVerdictSchema>

/** Chi-square of one degree of freedom at p = 0.0001. */
const CHI_SQUARE_BOUND = 15.137
/** What each side must be expected to have for the chi-square distribution to hold (W. G. Cochran, 1954). */
const LEAST_EXPECTED = 5

/**
 * Compares a weight with the share of callers that native really had.
 *
 * It counts callers, not requests: all requests of a caller go to one side, so a few busy callers make the
 * share of requests differ from the weight with nothing wrong, and a chi-square over requests would call that beyond
 * chance nearly always. Callers are independent, their buckets being a hash. They are counted as distinct buckets,
 * which several callers may share; the spread is then smaller than the test supposes, so it errs towards passing.
 *
 * It is looked at again and again without correction, at a strict level: it holds a step and never rolls one back, so
 * a false alarm costs some time and ends by itself.
 *
 * @param weight 0–100.
 */
export function checkShare(
  weight: number,
  { native, legacy }: { readonly native: number; readonly legacy: number }
): ShareVerdict {
  const callers = native + legacy
  const expected = (callers * weight) / 100
  const common = { configuredPercent: weight, callers, bound: CHI_SQUARE_BOUND }
  const isExtreme = weight === 0 || weight === 100
  if (callers === 0 || (!isExtreme && Math.min(expected, callers - expected) < LEAST_EXPECTED)) {
    const smaller = Math.min(weight, 100 - weight)
    const needed = isExtreme ? 1 : Math.ceil((LEAST_EXPECTED * 100) / smaller)
    const message = `${needed - callers} more callers are needed to compare the share of callers with the weight`
    return { ...common, status: 'waiting', message }
  }
  const realisedPercent = (native / callers) * 100
  const deviation = native - expected
  const chiSquare = isExtreme ? undefined : deviation ** 2 / expected + deviation ** 2 / (callers - expected)
  const differs = chiSquare === undefined ? deviation !== 0 : chiSquare > CHI_SQUARE_BOUND
  const share = `${realisedPercent.toFixed(2)} % of ${callers} callers are on native at weight ${weight}`
  return {
    ...common,
    status: differs ? 'differs' : 'passed',
    realisedPercent,
    ...(chiSquare === undefined ? {} : { chiSquare }),
    message: differs ? `${share}, which chance does not explain` : share
  }
}
