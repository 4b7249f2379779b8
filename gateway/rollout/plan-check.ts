import type { Finding } from '../config/problem.ts'
import { isTimeZone } from './calendar.ts'

type Path = readonly (string | number)[]

/**
 * What a schema cannot say of a plan: steps that ascend, weights of two decimals, time zones that exist. Takes any value,
 * a route's partial plan too; leaves to the schema what has the wrong type.
 *
 * @param path where the plan stands in the configuration.
 */
export function checkPlan(path: Path, plan: unknown): Finding[] {
  const { steps, noAdvance } = objectOf(plan)
  return [...checkSteps([...path, 'steps'], listOf(steps)), ...checkWindows([...path, 'noAdvance'], listOf(noAdvance))]
}

function checkSteps(path: Path, steps: readonly unknown[]): Finding[] {
  let highest = 0
  return steps.flatMap((step, index) => {
    const weight = typeof step === 'number' ? step : objectOf(step).weight
    if (typeof weight !== 'number') return []
    const place = typeof step === 'number' ? [...path, index] : [...path, index, 'weight']
    if (Number(weight.toFixed(2)) !== weight) return [{ path: place, expected: 'a weight with at most two decimals' }]
    if (weight <= highest) return [{ path: place, expected: `a weight above ${highest}, that of the step before` }]
    highest = weight
    return []
  })
}

function checkWindows(path: Path, windows: readonly unknown[]): Finding[] {
  return windows.flatMap((window, index) => {
    const { from, to, timeZone } = objectOf(window)
    const findings: Finding[] = []
    if (typeof timeZone === 'string' && !isTimeZone(timeZone)) {
      const expected = 'an IANA time zone such as "Europe/London"'
      findings.push({ path: [...path, index, 'timeZone'], expected })
    }
    if (from === '24:00') findings.push({ path: [...path, index, 'from'], expected: 'a time before "24:00"' })
    if (typeof from === 'string' && from === to) {
      const expected = `a time other than "from"; a whole day is "from": "00:00", "to": "24:00"`
      findings.push({ path: [...path, index, 'to'], expected })
    }
    return findings
  })
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
