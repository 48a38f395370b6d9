/** Configurations of the core: small, so that limits are reached, and with the corners that defaults never show. */
import fc from "fast-check"
import type {
  Address,
  Affinity,
  BalancingPolicy,
  Config,
  Identity,
  ProbingBudget,
  UpstreamConfig
} from "../../src/core/model/Config.ts"
import { autoDisable, expiry, history, onDemand, pruning } from "../../src/core/schema/limits.ts"
import { dns, sources } from "../../src/core/schema/names.ts"
import { ladder, proof, rates, sections } from "../../src/core/schema/sections.ts"
import { AUTO_MAX_AGE_MS } from "../../src/core/autoMaxAge.ts"
import { configDefaults, onDemandDefaults, upstreamDefaults } from "../../test/support/config.ts"
import { arbitrariesOf, ofTable } from "./ofTable.ts"

/**
 * Few hosts and ports: duplicates within a list and hosts shared between upstreams are common. They are on loopback, whose
 * failures no local outage explains, so laws of a single rule need not consider one (run.ts has scripts that do).
 */
export const host: fc.Arbitrary<string> = fc.integer({ min: 1, max: 9 }).map((i) => `127.0.0.${i}`)
export const address: fc.Arbitrary<Address> = fc.record({ host, port: fc.constantFrom(443, 8443) })

const pool = ofTable(sections.pool, {
  mode: fc.constantFrom("dynamic" as const, "dynamic" as const, "fixed" as const, "off" as const),
  size: fc.integer({ min: 1, max: 5 }),
  min: fc.integer({ min: 0, max: 2 }),
  max: fc.integer({ min: 2, max: 8 }),
  headroom: fc.constantFrom(1, 1.5, 3),
  maxAgeMs: fc.constantFrom(1_000, 20_000, AUTO_MAX_AGE_MS),
  connectsPerSecond: fc.constantFrom(1, 20),
  idleAfterMs: fc.constantFrom(500, 60_000),
  withholdForMs: fc.constantFrom(500, 3_600_000)
})

const breaker = ofTable(sections.breaker, {
  enabled: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  failureThreshold: fc.integer({ min: 1, max: 5 }),
  failureRateThreshold: fc.constantFrom(0.3, 0.5, 0.9),
  windowMs: fc.constantFrom(2_000, 60_000),
  minSamples: fc.integer({ min: 1, max: 6 }),
  firstTrialMs: fc.constantFrom(200, 1_000),
  cooldownMs: fc.constantFrom(500, 30_000),
  timeoutCooldownMs: fc.constantFrom(1_000, 180_000),
  maxCooldownMs: fc.constantFrom(2_000, 300_000),
  rampMs: fc.constantFrom(0, 700, 30_000)
})

export const upstream: fc.Arbitrary<Omit<UpstreamConfig, "name">> = fc.record({
  removed: fc.constant(false),
  preheat: fc.constant(true),
  onDemand: fc.constant(false),
  bypass: fc.constant(false),
  host: fc.constantFrom("", "web.example"),
  port: fc.constantFrom(443, 8443),
  candidates: fc.oneof(fc.array(address, { maxLength: 9 }), fc.array(address, { maxLength: 2 })),
  fallback: fc.constant([]),
  ...arbitrariesOf(sections, {
    probing: ofTable(sections.probing, {
      intervalMs: fc.constantFrom(1_000, 3_000, 10_000),
      timeoutMs: fc.constantFrom(100, 2_000),
      challengers: fc.integer({ min: 0, max: 3 }),
      candidatesPerRound: fc.integer({ min: 0, max: 4 }),
      idle: fc.constantFrom("always" as const, "always" as const, "lazy" as const),
      idleProbes: fc.constantFrom(1, 3, 20)
    }),
    scoring: ofTable(sections.scoring, {
      decayMs: fc.constantFrom(1, 300, 3_000),
      jitterDecayMs: fc.constantFrom(1_000, 300_000),
      jitterWeight: fc.constantFrom(0, 0.25, 2),
      successExponent: fc.integer({ min: 0, max: 3 }),
      failurePenaltyMs: fc.constantFrom(0, 20, 100),
      historyRewardMs: fc.constantFrom(0, 5, 40),
      neutralMs: fc.constant(100),
      referenceMs: fc.constantFrom(10, 100),
      successWindowMs: fc.constantFrom(1_000, 300_000),
      habitWeight: fc.constantFrom(0, 0.5, 1),
      habitDecayMs: fc.constantFrom(1_000, 600_000),
      minPlausibleRttMs: fc.constantFrom(0, 0, 2)
    }),
    selector: ofTable(sections.selector, {
      evaluationIntervalMs: fc.constantFrom(100, 1_000, 20_000),
      activeSetSize: fc.integer({ min: 1, max: 4 }),
      minScore: fc.constantFrom(0, 5, 40),
      switching: ofTable(sections.selector.switching, {
        marginMs: fc.constantFrom(0, 5, 20),
        marginPercent: fc.constantFrom(0, 10, 50),
        holdMs: fc.constantFrom(0, 1_000, 30_000),
        confirmations: fc.integer({ min: 1, max: 3 }),
        standing: fc.integer({ min: 1, max: 5 }),
        swapsPerEvaluation: fc.integer({ min: 1, max: 2 })
      })
    }),
    balancing: ofTable(sections.balancing, {
      policy: fc.constantFrom<BalancingPolicy>("leastConnections", "powerOfTwo", "roundRobin", "random"),
      affinity: fc.constantFrom<Affinity>("none", "none", "client"),
      toleranceMs: fc.constantFrom(0, 5, 50),
      tolerancePercent: fc.constantFrom(0, 10, 100)
    }),
    dial: ofTable(sections.dial, {
      timeoutMs: fc.constantFrom(500, 3_000),
      raceDelayMs: fc.constantFrom(0, 250),
      deadlineMs: fc.constantFrom(1_000, 10_000),
      lastResortAttempts: fc.integer({ min: 1, max: 4 })
    }),
    session: fc.constant(upstreamDefaults.session),
    pool,
    breaker,
    // Only laws/tlsStages.test.ts is about it.
    tls: fc.constant(upstreamDefaults.tls)
  }),
  dns: ofTable(dns, {
    refreshMs: fc.constantFrom(1_000, 300_000),
    timeoutMs: fc.constant(3_000),
    maxAnswers: fc.constant(256)
  }),
  ...arbitrariesOf(ladder, { attempts: fc.integer({ min: 1, max: 4 }) }),
  ...arbitrariesOf(expiry, {
    scoreTtlMs: fc.constantFrom(2_000, 30_000, 300_000),
    staleForMs: fc.constantFrom(1_000, 60_000, 86_400_000)
  }),
  identity: fc.constant(null),
  ca: fc.constant("")
})

export const budget: fc.Arbitrary<ProbingBudget> = ofTable(rates, {
  maxParallel: fc.integer({ min: 1, max: 6 }),
  perHost: fc.integer({ min: 1, max: 2 }),
  ratePerSecond: fc.constantFrom(1, 3, 50, 1_000)
})

/** No access lists, nothing built in, and every source may name candidates. */
export const unruled: Pick<Config, "sources" | "builtin" | "access"> = {
  sources: configDefaults.sources,
  builtin: configDefaults.builtin,
  access: configDefaults.access
}

const memory = {
  history: ofTable(history, { maxEntries: fc.constantFrom(1, 5, 1_024), serveForMs: fc.constantFrom(0, 1_000) })
}

/** Kept away from laws that are about something else. */
const protection = {
  outage: fc.constant(configDefaults.outage),
  autoDisable: fc.constant({ ...configDefaults.autoDisable, failures: 1_000_000 })
}

/** What shows a local outage, and when auto-disable begins. */
export const protecting: fc.Arbitrary<Pick<Config, "outage" | "autoDisable">> = fc.record({
  outage: fc.record({
    connectivity: fc.array(address, { maxLength: 2 }),
    timeoutMs: fc.constantFrom(100, 2_000)
  }),
  autoDisable: fc.record({
    ...arbitrariesOf(autoDisable, {
      failures: fc.integer({ min: 1, max: 3 }),
      cooldownMs: fc.constantFrom(1_000, 300_000)
    }),
    roundMs: fc.constantFrom(1_000, 10_000)
  })
})

/** So few names that they are dropped all the time. */
const demand = {
  onDemand: ofTable({ ...onDemand, ...pruning, ...proof }, {
    enabled: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    idleMs: fc.constantFrom(1_000, 1_800_000),
    usedWithinMs: fc.constantFrom(0, 5_000, 60_000),
    singleFlightTimeoutMs: fc.constantFrom(500, 10_000),
    raceAddresses: fc.constantFrom(1, 2, 64),
    retryAfterMs: fc.constantFrom(500, 5_000),
    maxEntries: fc.constantFrom(0, 1, 2, 256),
    pruneIntervalMs: fc.constantFrom(500, 60_000),
    mode: fc.constant("tcp" as const)
  }),
  template: fc.tuple(upstream, fc.constantFrom([], [], ["198.51.100.53"])).map(([one, servers]) => {
    return { ...one, dns: { ...one.dns, servers }, name: "", preheat: false, host: "", candidates: [] }
  })
}

export const config: fc.Arbitrary<Config> = fc.record({
  enabled: fc.constant(true),
  upstreams: fc.array(upstream, { minLength: 1, maxLength: 3 })
    .map((all) => all.map((one, i) => ({ ...one, name: `up${i}` }))),
  probing: budget,
  room: fc.constantFrom(0, 2, 10_000),
  poolTotal: fc.constantFrom(3, 1_024),
  remembers: fc.boolean(),
  ...memory,
  ...protection
}).map(({ room, remembers, ...config }) => ({
  ...config,
  ...unruled,
  sources: { ...unruled.sources, history: remembers },
  maxCandidates: room + longestList(config.upstreams),
  onDemand: onDemandDefaults,
  template: { ...upstreamDefaults, name: "", preheat: false }
}))

/** A configuration may have no list longer than `maxCandidates`. */
function longestList(upstreams: ReadonlyArray<UpstreamConfig>): number {
  return Math.max(1, ...upstreams.map(({ candidates }) => new Set(candidates.map((one) => JSON.stringify(one))).size))
}

/** Lists of few networks, so that addresses are in none, one or both. */
const networks = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 29, max: 32 })).map(([last, bits]) => {
    const first = last - last % 2 ** (32 - bits)
    return { cidr: `198.18.0.${first}/${bits}`, words: [0xc612_0000 + first], bits }
  }),
  { maxLength: 2 }
)
const seldom = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })

export const rules: fc.Arbitrary<Pick<Config, "sources" | "builtin" | "access">> = fc.record({
  sources: ofTable(sources, { builtin: seldom, userStatic: seldom, history: seldom, dns: seldom, fallback: seldom }),
  builtin: fc.array(host, { maxLength: 3 }).map((addresses) => [{ host: "web.example", addresses }]),
  access: fc.oneof(
    { weight: 1, arbitrary: fc.constant(unruled.access) },
    { weight: 1, arbitrary: fc.record({ allow: networks, deny: networks }) }
  )
})

/** With everything else: fallback lists, upstreams that are bypassed or found on first use, everything turned off. */
const ruledUpstream = fc.tuple(
  upstream,
  fc.array(address, { maxLength: 3 }),
  fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })
).map(([one, fallback, bypass, preheat]) => ({ ...one, fallback, bypass, preheat }))

const ruled: fc.Arbitrary<Config> = fc.record({
  ...demand,
  enabled: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  upstreams: fc.uniqueArray(
    fc.tuple(fc.constantFrom("up0", "up1", "up2", "up3"), ruledUpstream).map(([name, one]) => ({ ...one, name })),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name }
  ),
  probing: budget,
  maxCandidates: fc.constant(10_000),
  poolTotal: fc.constantFrom(3, 1_024),
  rules,
  ...memory,
  ...protection
}).map(({ rules, ...config }) => ({ ...config, ...rules }))

/** Changes one setting of every upstream, now and then. */
const touchedUp = (config: Config, bypass: boolean, interval: number): Config => ({
  ...config,
  upstreams: config.upstreams.map((one) => ({ ...one, bypass, probing: { ...one.probing, intervalMs: interval } }))
})

/** What a run begins with, and what it may be reloaded with: wholly different ones, and slight changes of the first. */
export const reloads: fc.Arbitrary<ReadonlyArray<Config>> = fc.tuple(
  ruled,
  fc.array(ruled, { minLength: 1, maxLength: 3 }),
  fc.boolean(),
  fc.constantFrom(500, 20_000)
).map(([first, others, bypass, interval]) => [first, touchedUp(first, bypass, interval), ...others])

/** Proofs that an upstream may ask for, or none. */
export const identity: fc.Arbitrary<Identity | null> = fc.constantFrom(
  null,
  { servername: "web.example", ca: "" },
  { servername: "web.example", ca: "0123456789abcdef0123456789abcdef" }
)

/** The same with proofs asked for here and there, and other ones after a reload. */
export const provenReloads: fc.Arbitrary<ReadonlyArray<Config>> = fc.tuple(
  reloads,
  fc.array(identity, { minLength: 12, maxLength: 12 }),
  fc.array(fc.constantFrom("tcp", "auto", "tls"), { minLength: 3, maxLength: 3 })
).map(([configs, wanted, modes]) =>
  configs.map((config, i) => ({
    ...config,
    onDemand: { ...config.onDemand, mode: modes[i % modes.length]! },
    upstreams: config.upstreams.map((one, j) => ({ ...one, identity: wanted[(i * 3 + j) % wanted.length]! }))
  }))
)
