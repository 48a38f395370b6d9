/** Turns a decoded and checked file into settings. */
import * as Redacted from "effect/Redacted"
import type { TelemetryOptions } from "../../adapters/otel/options.ts"
import { demanded } from "../../core/demanded.ts"
import type { Address, Config, UpstreamConfig } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parseDomain, parseEndpoint } from "../../core/schema/units.ts"
import { PRIVATE_NETWORKS } from "../../ingress/privateNetworks.ts"
import type { AddressList } from "./addressesOf.ts"
import { headerOf, identityOf } from "./identityOf.ts"
import { isGuarded, listenersOf } from "./listenersOf.ts"
import type { Settings } from "./Settings.ts"

/** Most servers keep an unused connection longer than this. Half a minute is the shortest common limit. */
const AUTO_MAX_AGE_MS = 20_000

type UpstreamFile = ConfigFile["upstreams"][string]

/** The expanded list of an upstream. */
export type Addresses = (upstream: string, list: AddressList) => ReadonlyArray<Address>

export function settingsOf(
  file: ConfigFile,
  addresses: Addresses,
  telemetry: TelemetryOptions,
  builtin: Config["builtin"]
): Settings {
  const names = Object.keys(file.upstreams)
  const { maxParallel, perHost, ratePerSecond, maxCandidates } = file.probing
  const general = upstreamOf(file, "", generalOf(file), () => [])
  const template = isGuarded(file) ? { ...general, access: publicOnly(file.access) } : general
  const { enabled, idle, usedWithin, singleFlightTimeout, raceAddresses, retryAfter } = file.onDemand
  const onDemand: Config["onDemand"] = {
    enabled,
    idleMs: idle,
    usedWithinMs: usedWithin,
    singleFlightTimeoutMs: singleFlightTimeout,
    raceAddresses,
    retryAfterMs: retryAfter,
    maxEntries: file.cache.maxEntries,
    pruneIntervalMs: file.cache.pruneInterval,
    mode: file.probing.mode
  }
  const core: Config = {
    enabled: file.enabled,
    upstreams: [
      ...names.map((name) => upstreamOf(file, name, file.upstreams[name] as UpstreamFile, addresses)),
      // Like a host on demand, and preheated.
      ...file.preheatDomains.map((name) => {
        const { host, port } = parseDomain(name) as Address
        return { ...demanded({ template: general, onDemand }, { host, port, name }), preheat: true, onDemand: false }
      })
    ],
    probing: { maxParallel, perHost, ratePerSecond },
    maxCandidates,
    poolTotal: file.pool.total,
    sources: file.sources,
    builtin,
    access: file.access,
    history: { maxEntries: file.history.maxEntries, serveForMs: file.history.serveFor },
    outage: { connectivity: file.probing.connectivity.map(referenceOf), timeoutMs: file.probing.timeout },
    autoDisable: {
      failures: file.autoDisable.failures,
      cooldownMs: file.autoDisable.cooldown,
      roundMs: file.probing.interval
    },
    onDemand,
    template
  }
  const { listen, hosts, token, timeout: timeoutMs, heartbeat: heartbeatMs } = file.admin
  const { adminClients, eventReaders, backlog: _backlog, ...limits } = file.limits
  return {
    core,
    listeners: listenersOf(file),
    eventLog: file.eventLog,
    history: file.history,
    admin: listen === "off" ? null : {
      listen,
      hosts,
      token: token === "" ? null : Redacted.make(token),
      clients: adminClients,
      readers: eventReaders,
      timeoutMs,
      heartbeatMs
    },
    log: file.log,
    telemetry,
    names: { resolutionDelayMs: file.dns.resolutionDelay, tellAgainMs: file.dns.tellAgain },
    privacy: file.privacy,
    limits,
    shutdown: file.shutdown
  }
}

function publicOnly({ allow, deny }: Config["access"]): Config["access"] {
  return { allow, deny: [...deny, ...PRIVATE_NETWORKS] }
}

/** The schema admits only texts that can be parsed. */
function referenceOf(text: string): Address {
  const { host, port } = parseEndpoint(text) ?? { host: text, port: undefined }
  return { host, port: port ?? 443 }
}

/** The general sections as an upstream of their own. */
function generalOf(
  { probing, scoring, selector, balancing, dial, session, pool, breaker, attempts }: ConfigFile
): UpstreamFile {
  const own = {
    host: "",
    candidates: [],
    fallback: [],
    caFile: "",
    bypass: false,
    preheat: false,
    attempts,
    proxyProtocol: "off" as const
  }
  return { ...own, probing, scoring, selector, balancing, dial, session, pool, breaker }
}

function upstreamOf(file: ConfigFile, name: string, own: UpstreamFile, addresses: Addresses): UpstreamConfig {
  const { scoring, selector, balancing, dial, session, probing, pool, breaker } = own
  const { switching } = selector
  return {
    name,
    removed: false,
    bypass: own.bypass,
    host: own.host.toLowerCase(),
    port: own.port ?? 443,
    candidates: addresses(name, "candidates"),
    fallback: addresses(name, "fallback"),
    probing: {
      intervalMs: probing.interval,
      timeoutMs: probing.timeout,
      challengers: probing.challengers,
      candidatesPerRound: probing.candidatesPerRound,
      idle: probing.idle,
      idleProbes: probing.idleProbes
    },
    scoring: {
      decayMs: scoring.decay,
      jitterDecayMs: scoring.jitterDecay,
      jitterWeight: scoring.jitterWeight,
      successExponent: scoring.successExponent,
      failurePenaltyMs: scoring.failurePenalty,
      historyRewardMs: scoring.historyReward,
      neutralMs: scoring.neutral,
      referenceMs: scoring.reference,
      successWindowMs: scoring.successWindow,
      habitWeight: scoring.habitWeight,
      habitDecayMs: scoring.habitDecay,
      minPlausibleRttMs: scoring.minPlausibleRtt
    },
    selector: {
      evaluationIntervalMs: selector.evaluationInterval,
      activeSetSize: selector.activeSetSize,
      minScore: selector.minScore,
      switching: {
        marginMs: switching.margin,
        marginPercent: switching.marginPercent,
        holdMs: switching.hold,
        confirmations: switching.confirmations,
        standing: switching.standing,
        swapsPerEvaluation: switching.swapsPerEvaluation
      }
    },
    balancing: {
      policy: balancing.policy,
      affinity: balancing.affinity,
      toleranceMs: balancing.tolerance,
      tolerancePercent: balancing.tolerancePercent
    },
    dial: {
      timeoutMs: dial.timeout,
      raceDelayMs: dial.raceDelay,
      deadlineMs: dial.deadline,
      lastResortAttempts: dial.lastResortAttempts
    },
    session: {
      idleMs: session.idle,
      halfCloseMs: session.halfClose,
      keepAliveMs: session.keepAlive,
      stallMs: session.stall,
      ...headerOf(own.proxyProtocol)
    },
    pool: {
      mode: pool.mode,
      size: pool.size,
      min: pool.min,
      max: pool.max,
      headroom: pool.headroom,
      maxAgeMs: pool.maxAge === "auto" ? AUTO_MAX_AGE_MS : pool.maxAge,
      connectsPerSecond: pool.connectsPerSecond,
      idleAfterMs: pool.idleAfter,
      withholdForMs: pool.withholdFor
    },
    breaker: {
      enabled: breaker.enabled,
      failureThreshold: breaker.failureThreshold,
      failureRateThreshold: breaker.failureRateThreshold,
      windowMs: breaker.window,
      minSamples: breaker.minSamples,
      firstTrialMs: breaker.firstTrial,
      cooldownMs: breaker.cooldown,
      timeoutCooldownMs: breaker.timeoutCooldown,
      maxCooldownMs: breaker.maxCooldown,
      rampMs: breaker.ramp
    },
    dns: {
      refreshMs: file.dns.refresh,
      timeoutMs: file.dns.timeout,
      maxAnswers: file.dns.maxAnswers,
      servers: file.dns.servers
    },
    attempts: own.attempts,
    scoreTtlMs: Math.max(file.cache.scoreTtl, file.cache.minTtl),
    staleForMs: file.cache.staleFor,
    identity: identityOf(own),
    preheat: own.preheat,
    onDemand: false
  }
}
