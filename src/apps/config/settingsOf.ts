/** A decoded file to settings, with the checks that look at more than one key. */
import * as Redacted from "effect/Redacted"
import type { Address, Config, UpstreamConfig } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { expandNetwork, parseEndpoint } from "../../core/schema/units.ts"
import { nearest } from "./nearest.ts"
import type { Settings } from "./Settings.ts"

interface Found {
  readonly path: ReadonlyArray<string | number>
  readonly message: string
}

/** What most servers let an unused connection live, with room: half a minute is the shortest common limit. */
const AUTO_MAX_AGE_MS = 20_000

type UpstreamFile = ConfigFile["upstreams"][string]

export function settingsOf(file: ConfigFile): { readonly settings: Settings; readonly problems: ReadonlyArray<Found> } {
  const problems: Array<Found> = []
  const names = Object.keys(file.upstreams)
  const upstreams = names.map((name) => upstreamOf(file, name, file.upstreams[name] as UpstreamFile, problems))
  const { maxParallel, perHost, ratePerSecond, maxCandidates } = file.probing
  const core: Config = {
    upstreams,
    probing: { maxParallel, perHost, ratePerSecond },
    maxCandidates,
    poolTotal: file.pool.total
  }
  const listeners = listenersOf(file, names, problems)
  if (file.listeners.length === 0) problems.push({ path: ["listeners"], message: "at least one listener is needed" })
  const { listen, hosts } = file.admin
  if (listen !== "off" && !isLoopback(listen.host)) {
    const message = `${listen.host} is reachable from other machines; the admin port has to stay on 127.0.0.1 or [::1]`
    problems.push({ path: ["admin", "listen"], message })
  }
  return {
    settings: {
      core,
      listeners,
      dnsServers: file.dns.servers,
      eventLog: file.eventLog,
      admin: listen === "off" ? null : { listen, hosts },
      telemetry: telemetryOf(file.telemetry),
      log: file.log,
      limits: file.limits,
      shutdown: file.shutdown
    },
    problems
  }
}

function telemetryOf({ otlp: { endpoint, sampleRatio }, metrics }: ConfigFile["telemetry"]): Settings["telemetry"] {
  const url = endpoint === "" ? "" : `${endpoint.replace(/\/+$/, "")}/v1/traces`
  return {
    otlp: { endpoint: url, sampleRatio, headers: Redacted.make({}) },
    metrics,
    serviceName: "fairlead",
    attributes: {}
  }
}

function isLoopback(host: string): boolean {
  return host.startsWith("127.") || host === "::1"
}

function listenersOf(file: ConfigFile, names: ReadonlyArray<string>, problems: Array<Found>): Settings["listeners"] {
  const seen = new Map<string, number>()
  return file.listeners.map((listener, i) => {
    const { name, listen, maxConnections } = listener
    const upstream = names.indexOf(listener.upstream)
    if (upstream < 0) {
      const guess = nearest(listener.upstream, names)
      const hint = guess === undefined ? `known are ${names.join(", ") || "none"}` : `did you mean ${guess}?`
      problems.push({ path: ["listeners", i, "upstream"], message: `there is no upstream ${listener.upstream}, ${hint}` })
    }
    const keys = [`name ${name}`, ...(listen.port === 0 ? [] : [`address ${listen.host}:${listen.port}`])]
    for (const key of keys) {
      const first = seen.get(key)
      if (first === undefined) seen.set(key, i)
      else problems.push({ path: ["listeners", i], message: `${key} is taken by listeners.${first} already` })
    }
    return { name, listen, upstream, maxConnections, backlog: file.limits.backlog }
  })
}

function upstreamOf(file: ConfigFile, name: string, own: UpstreamFile, problems: Array<Found>): UpstreamConfig {
  const { scoring, selector, balancing, dial, session, probing, pool, breaker } = own
  const { switching } = selector
  return {
    name,
    host: own.host,
    port: own.port ?? 443,
    candidates: candidatesOf(file, name, own, problems),
    probing: {
      intervalMs: probing.interval,
      timeoutMs: probing.timeout,
      challengers: probing.challengers,
      candidatesPerRound: probing.candidatesPerRound
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
    balancing: { policy: balancing.policy, toleranceMs: balancing.tolerance, tolerancePercent: balancing.tolerancePercent },
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
      stallMs: session.stall
    },
    pool: {
      mode: pool.mode,
      size: pool.size,
      min: pool.min,
      max: pool.max,
      headroom: pool.headroom,
      maxAgeMs: pool.maxAge === "auto" ? AUTO_MAX_AGE_MS : pool.maxAge,
      connectsPerSecond: pool.connectsPerSecond,
      idleAfterMs: pool.idleAfter
    },
    breaker: {
      enabled: breaker.enabled,
      failureThreshold: breaker.failureThreshold,
      failureRateThreshold: breaker.failureRateThreshold,
      windowMs: breaker.window,
      minSamples: breaker.minSamples,
      cooldownMs: breaker.cooldown,
      timeoutCooldownMs: breaker.timeoutCooldown,
      maxCooldownMs: breaker.maxCooldown,
      rampMs: breaker.ramp
    },
    dns: { refreshMs: file.dns.refresh, timeoutMs: file.dns.timeout },
    attempts: own.attempts,
    scoreTtlMs: file.cache.scoreTtl,
    staleForMs: file.cache.staleFor
  }
}

function candidatesOf(file: ConfigFile, name: string, own: UpstreamFile, problems: Array<Found>): ReadonlyArray<Address> {
  const most = file.probing.maxCandidates
  const found: Array<Address> = []
  const path = ["upstreams", name, "candidates"]
  own.candidates.forEach((text, i) => {
    const endpoint = parseEndpoint(text)
    for (const { host, port = own.port } of endpoint === undefined ? expandNetwork(text, most) ?? [] : [endpoint]) {
      if (port !== undefined) found.push({ host, port })
      else problems.push({ path: [...path, i], message: `${text} names no port, and upstreams.${name}.port is not set` })
      if (port === undefined || found.length > most) break
    }
  })
  if (own.candidates.length === 0 && own.host === "") {
    problems.push({ path: ["upstreams", name], message: "needs candidates, or a host whose addresses are candidates" })
  }
  if (found.length > most) problems.push({ path, message: `more than probing.maxCandidates (${most}) addresses` })
  return found
}
