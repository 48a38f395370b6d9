/** A core configuration with the contract's defaults, which each test changes as it needs. */
import type { Address, Config, UpstreamConfig } from "../../src/core/model/Config.ts"

export const upstreamDefaults: UpstreamConfig = {
  name: "web",
  removed: false,
  bypass: false,
  host: "",
  port: 443,
  candidates: [],
  fallback: [],
  probing: { intervalMs: 10_000, timeoutMs: 2_000, challengers: 8, candidatesPerRound: 16, idle: "always", idleProbes: 20 },
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
    habitWeight: 0.3,
    habitDecayMs: 1_800_000,
    minPlausibleRttMs: 0
  },
  selector: {
    evaluationIntervalMs: 1_000,
    activeSetSize: 3,
    minScore: 5,
    switching: { marginMs: 20, marginPercent: 25, holdMs: 30_000, confirmations: 2, standing: 6, swapsPerEvaluation: 1 }
  },
  balancing: { policy: "leastConnections", affinity: "none", toleranceMs: 5, tolerancePercent: 10 },
  dial: { timeoutMs: 3_000, raceDelayMs: 250, deadlineMs: 10_000, lastResortAttempts: 8 },
  session: { idleMs: 3_600_000, halfCloseMs: 60_000, keepAliveMs: 15_000, stallMs: 10_000 },
  pool: {
    mode: "dynamic",
    size: 8,
    min: 1,
    max: 64,
    headroom: 1.5,
    maxAgeMs: 20_000,
    connectsPerSecond: 20,
    idleAfterMs: 60_000,
    withholdForMs: 3_600_000
  },
  breaker: {
    enabled: true,
    failureThreshold: 5,
    failureRateThreshold: 0.5,
    windowMs: 60_000,
    minSamples: 5,
    firstTrialMs: 1_000,
    cooldownMs: 30_000,
    timeoutCooldownMs: 180_000,
    maxCooldownMs: 300_000,
    rampMs: 30_000
  },
  dns: { refreshMs: 300_000, timeoutMs: 3_000, maxAnswers: 256, servers: [] },
  attempts: 2,
  scoreTtlMs: 300_000,
  staleForMs: 86_400_000,
  identity: null,
  preheat: true,
  onDemand: false
}

export const onDemandDefaults: Config["onDemand"] = {
  enabled: true,
  idleMs: 1_800_000,
  usedWithinMs: 60_000,
  singleFlightTimeoutMs: 10_000,
  raceAddresses: 64,
  retryAfterMs: 5_000,
  maxEntries: 256,
  pruneIntervalMs: 60_000,
  mode: "auto"
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
    enabled: true,
    upstreams: upstreams.map(upstreamWith),
    probing: { maxParallel: 16, perHost: 2, ratePerSecond: 50, ...probing },
    maxCandidates: 10_000,
    poolTotal: 1024,
    sources: { builtin: true, userStatic: true, history: true, dns: true, fallback: true },
    builtin: [],
    access: { allow: [], deny: [] },
    history: { maxEntries: 1024, serveForMs: 1_000 },
    outage: { connectivity: [], timeoutMs: 2_000 },
    autoDisable: { failures: 5, cooldownMs: 300_000, roundMs: 10_000 },
    onDemand: onDemandDefaults,
    template: upstreamWith({ name: "", preheat: false })
  }
}

/** `count` addresses of the range that is reserved for benchmarks. */
export function addresses(count: number): ReadonlyArray<Address> {
  return Array.from({ length: count }, (_, i) => ({ host: `198.18.${Math.floor(i / 250)}.${(i % 250) + 1}`, port: 443 }))
}
