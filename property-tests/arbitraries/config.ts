/** Configurations of the core: small, so that limits are reached, and with the corners that defaults never show. */
import fc from "fast-check"
import type { Address, Config, ProbingBudget, UpstreamConfig } from "../../src/core/model/Config.ts"

/** Few hosts and ports: duplicates within a list and hosts shared between upstreams are common. */
export const address: fc.Arbitrary<Address> = fc.record({
  host: fc.integer({ min: 1, max: 9 }).map((i) => `198.18.0.${i}`),
  port: fc.constantFrom(443, 8443)
})

export const upstream: fc.Arbitrary<Omit<UpstreamConfig, "name">> = fc.record({
  candidates: fc.array(address, { minLength: 0, maxLength: 9 }),
  probing: fc.record({
    intervalMs: fc.constantFrom(1_000, 3_000, 10_000),
    timeoutMs: fc.constantFrom(100, 2_000),
    challengers: fc.integer({ min: 0, max: 3 }),
    candidatesPerRound: fc.integer({ min: 0, max: 4 })
  }),
  scoring: fc.record({
    decayMs: fc.constantFrom(1, 300, 3_000),
    jitterDecayMs: fc.constantFrom(1_000, 300_000),
    jitterWeight: fc.constantFrom(0, 0.25, 2),
    successExponent: fc.integer({ min: 0, max: 3 }),
    failurePenaltyMs: fc.constantFrom(0, 20, 100),
    historyRewardMs: fc.constantFrom(0, 5, 40),
    neutralMs: fc.constant(100),
    referenceMs: fc.constantFrom(10, 100),
    successWindowMs: fc.constantFrom(1_000, 300_000),
    minPlausibleRttMs: fc.constantFrom(0, 0, 2)
  }),
  selector: fc.record({
    evaluationIntervalMs: fc.constantFrom(100, 1_000, 20_000),
    activeSetSize: fc.integer({ min: 1, max: 4 }),
    minScore: fc.constantFrom(0, 5, 40)
  }),
  balancing: fc.record({ toleranceMs: fc.constantFrom(0, 5, 50), tolerancePercent: fc.constantFrom(0, 10, 100) }),
  dial: fc.record({
    timeoutMs: fc.constantFrom(500, 3_000),
    raceDelayMs: fc.constantFrom(0, 250),
    deadlineMs: fc.constantFrom(1_000, 10_000),
    lastResortAttempts: fc.integer({ min: 1, max: 4 })
  }),
  session: fc.constant({ idleMs: 3_600_000, halfCloseMs: 60_000, keepAliveMs: 15_000 }),
  attempts: fc.integer({ min: 1, max: 4 }),
  scoreTtlMs: fc.constantFrom(2_000, 30_000, 300_000)
})

export const budget: fc.Arbitrary<ProbingBudget> = fc.record({
  maxParallel: fc.integer({ min: 1, max: 6 }),
  perHost: fc.integer({ min: 1, max: 2 }),
  ratePerSecond: fc.constantFrom(1, 3, 50, 1_000)
})

export const config: fc.Arbitrary<Config> = fc.record({
  upstreams: fc.array(upstream, { minLength: 1, maxLength: 3 })
    .map((all) => all.map((one, i) => ({ ...one, name: `up${i}` }))),
  probing: budget,
  maxCandidates: fc.constant(10_000)
})
