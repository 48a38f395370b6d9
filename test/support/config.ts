/** A core configuration with the contract's defaults, to be changed where a test looks. */
import type { Address, Config, UpstreamConfig } from "../../src/core/model/Config.ts"

export const upstreamDefaults: UpstreamConfig = {
  name: "web",
  candidates: [],
  probing: { intervalMs: 10_000, timeoutMs: 2_000, challengers: 8, candidatesPerRound: 16 },
  scoring: {
    decayMs: 3_000,
    jitterDecayMs: 300_000,
    jitterWeight: 0.25,
    successExponent: 1,
    failurePenaltyMs: 100,
    historyRewardMs: 5,
    neutralMs: 100,
    referenceMs: 100,
    successWindowMs: 300_000,
    minPlausibleRttMs: 0
  },
  selector: { evaluationIntervalMs: 1_000, activeSetSize: 3, minScore: 5 },
  balancing: { toleranceMs: 5, tolerancePercent: 10 },
  dial: { timeoutMs: 3_000, raceDelayMs: 250, deadlineMs: 10_000, lastResortAttempts: 8 },
  session: { idleMs: 3_600_000, halfCloseMs: 60_000, keepAliveMs: 15_000 },
  attempts: 2,
  scoreTtlMs: 300_000
}

export type UpstreamChanges = { readonly [K in keyof UpstreamConfig]?: Partial<UpstreamConfig[K]> | UpstreamConfig[K] }

/** One upstream with some of its sections changed. */
export function upstreamWith(changes: UpstreamChanges): UpstreamConfig {
  const merged: Record<string, unknown> = { ...upstreamDefaults }
  for (const [key, value] of Object.entries(changes)) {
    const base = merged[key]
    const isSection = typeof base === "object" && base !== null && !Array.isArray(base)
    merged[key] = isSection ? { ...base, ...(value as object) } : value
  }
  return merged as unknown as UpstreamConfig
}

export function configWith(upstreams: ReadonlyArray<UpstreamChanges>, probing: Partial<Config["probing"]> = {}): Config {
  return {
    upstreams: upstreams.map(upstreamWith),
    probing: { maxParallel: 16, perHost: 2, ratePerSecond: 50, ...probing },
    maxCandidates: 10_000
  }
}

/** `count` addresses of the range that is set aside for benchmarks. */
export function addresses(count: number): ReadonlyArray<Address> {
  return Array.from({ length: count }, (_, i) => ({ host: `198.18.${Math.floor(i / 250)}.${(i % 250) + 1}`, port: 443 }))
}
