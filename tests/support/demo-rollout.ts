const FEW = { minimumRequests: 20 }

/** A plan that goes from 0 to 100 within a minute at some 40 requests a second, by itself. */
export const DEMO_ROLLOUT = {
  advance: 'automatic',
  holdMs: 5_000,
  rollbackHoldMs: 2_000,
  lookBackMs: 10_000,
  readyAlertMs: 60_000,
  evidence: { minimumRequests: 20, minimumMs: 3_000 },
  guardrails: {
    errorRate: FEW,
    serverErrorRate: FEW,
    errorIncrease: FEW,
    refusalIncrease: FEW,
    // On a small machine with everything on it a few slow answers say nothing.
    latency: { ...FEW, maxRatio: 5 }
  }
}

/** A routing configuration whose rollouts take seconds. Where the plan says nothing else, it stays as it is. */
export function withDemoRollout<T extends { readonly defaults: object }>(config: T) {
  return { ...config, defaults: { ...config.defaults, rollout: DEMO_ROLLOUT } }
}
