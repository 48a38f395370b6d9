/**
 * The core's configuration as an Effect schema, for the reader of records: a reload is an event that carries the configuration.
 */
import * as Schema from "effect/Schema"
import type { Config } from "../model/Config.ts"

const Num = Schema.Finite
const numbers = <const Keys extends ReadonlyArray<string>>(...keys: Keys) =>
  Schema.Struct(Object.fromEntries(keys.map((key) => [key, Num])) as { readonly [K in Keys[number]]: typeof Num })

const Addresses = Schema.Array(Schema.Struct({ host: Schema.String, port: Num }))

const Networks = Schema.Array(Schema.Struct({ cidr: Schema.String, words: Schema.Array(Num), bits: Num }))

const Header = Schema.optionalKey(Schema.Literals(["v1", "v2"]))

const AccessSchema = Schema.Struct({ allow: Networks, deny: Networks })

const UpstreamSchema = Schema.Struct({
  name: Schema.String,
  removed: Schema.Boolean,
  bypass: Schema.Boolean,
  host: Schema.String,
  port: Num,
  candidates: Addresses,
  fallback: Addresses,
  probing: Schema.Struct({
    intervalMs: Num,
    timeoutMs: Num,
    challengers: Num,
    candidatesPerRound: Num,
    idle: Schema.Literals(["always", "lazy"]),
    idleProbes: Num
  }),
  scoring: numbers(
    "decayMs",
    "jitterDecayMs",
    "jitterWeight",
    "successExponent",
    "failurePenaltyMs",
    "historyRewardMs",
    "neutralMs",
    "referenceMs",
    "successWindowMs",
    "habitWeight",
    "habitDecayMs",
    "minPlausibleRttMs"
  ),
  selector: Schema.Struct({
    evaluationIntervalMs: Num,
    activeSetSize: Num,
    minScore: Num,
    switching: numbers("marginMs", "marginPercent", "holdMs", "confirmations", "standing", "swapsPerEvaluation")
  }),
  balancing: Schema.Struct({
    policy: Schema.Literals(["leastConnections", "powerOfTwo", "roundRobin", "random"]),
    affinity: Schema.Literals(["client", "none"]),
    toleranceMs: Num,
    tolerancePercent: Num
  }),
  dial: numbers("timeoutMs", "raceDelayMs", "deadlineMs", "lastResortAttempts"),
  session: Schema.Struct({ idleMs: Num, halfCloseMs: Num, keepAliveMs: Num, stallMs: Num, header: Header }),
  pool: Schema.Struct({
    mode: Schema.Literals(["dynamic", "fixed", "off"]),
    size: Num,
    min: Num,
    max: Num,
    headroom: Num,
    maxAgeMs: Num,
    connectsPerSecond: Num,
    idleAfterMs: Num,
    withholdForMs: Num
  }),
  breaker: Schema.Struct({
    enabled: Schema.Boolean,
    failureThreshold: Num,
    failureRateThreshold: Num,
    windowMs: Num,
    minSamples: Num,
    firstTrialMs: Num,
    cooldownMs: Num,
    timeoutCooldownMs: Num,
    maxCooldownMs: Num,
    rampMs: Num
  }),
  dns: Schema.Struct({ refreshMs: Num, timeoutMs: Num, maxAnswers: Num, servers: Schema.Array(Schema.String) }),
  attempts: Num,
  scoreTtlMs: Num,
  staleForMs: Num,
  identity: Schema.NullOr(Schema.Struct({ servername: Schema.String, ca: Schema.String, header: Header })),
  preheat: Schema.Boolean,
  access: Schema.optionalKey(AccessSchema),
  onDemand: Schema.Boolean
})

export const ConfigSchema = Schema.Struct({
  enabled: Schema.Boolean,
  upstreams: Schema.Array(UpstreamSchema),
  probing: numbers("maxParallel", "perHost", "ratePerSecond"),
  maxCandidates: Num,
  poolTotal: Num,
  sources: Schema.Struct({
    builtin: Schema.Boolean,
    userStatic: Schema.Boolean,
    history: Schema.Boolean,
    dns: Schema.Boolean,
    fallback: Schema.Boolean
  }),
  builtin: Schema.Array(Schema.Struct({ host: Schema.String, addresses: Schema.Array(Schema.String) })),
  access: AccessSchema,
  history: numbers("maxEntries", "serveForMs"),
  outage: Schema.Struct({ connectivity: Addresses, timeoutMs: Num }),
  autoDisable: numbers("failures", "cooldownMs", "roundMs"),
  onDemand: Schema.Struct({
    enabled: Schema.Boolean,
    idleMs: Num,
    usedWithinMs: Num,
    singleFlightTimeoutMs: Num,
    raceAddresses: Num,
    retryAfterMs: Num,
    maxEntries: Num,
    pruneIntervalMs: Num,
    mode: Schema.Literals(["tcp", "tls", "auto"])
  }),
  template: UpstreamSchema
})

/** Fails to compile when the schema and the type in `model` differ. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
const same: Same<typeof ConfigSchema.Type, Config> = true
void same
