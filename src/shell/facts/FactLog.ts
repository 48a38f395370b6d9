/**
 * Facts as log lines. A fact that shuts a candidate out, or that reports a fault, is a warning. All others are information.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Facts } from "./Facts.ts"
import type { FactKind, PublicFact } from "./PublicFact.ts"

const MESSAGES: Readonly<Record<FactKind, string>> = {
  IpPoolSelection: "selection",
  SelectionMoved: "selection moved",
  IpPoolIpTripped: "shut out",
  IpPoolIpRecovered: "let in again",
  Suspected: "suspected",
  Cleared: "cleared",
  MembershipChanged: "membership changed",
  PoolResized: "pool resized",
  PoolWithheld: "no warm sockets for a while",
  LadderStep: "ladder step",
  IpPoolPreheatStarted: "preheat started",
  IpPoolPreheatCompleted: "preheat completed",
  IpPoolRefresh: "refresh",
  OnDemandDropped: "on-demand host dropped",
  IpPoolConfigUpdate: "configuration read anew",
  EnabledChanged: "enabled changed",
  CoreRestarted: "the core was started afresh",
  IpPoolCidrFilter: "addresses kept out",
  LocalOutage: "local outage",
  CommonCause: "common cause",
  IpPoolAutoDisable: "auto-disabled",
  IpPoolAutoEnable: "auto-disable over",
  NameUnresolved: "the name of an upstream has no addresses",
  NameResolved: "the name of an upstream has addresses again",
  AdaptiveTlsTiming: "TLS connection",
  AdaptiveTlsFallback: "TLS stage failed",
  AdaptiveTlsPinMismatch: "a certificate has no pinned key",
  AdaptiveTlsAutoDisable: "TLS stage off for a while",
  AdaptiveTlsAutoEnable: "TLS stage on again"
}

/** Writes every fact from now on. */
export const layer: Layer.Layer<never, never, Facts> = Layer.effectDiscard(Effect.gen(function* () {
  const facts = yield* Facts
  yield* Effect.forkScoped(Stream.runForEach(facts.streamAfter(0), write), { startImmediately: true })
}))

function write(fact: PublicFact): Effect.Effect<void> {
  const log = isWarning(fact) ? Effect.logWarning : isDetail(fact.kind) ? Effect.logDebug : Effect.logInfo
  return Effect.annotateLogs(log(MESSAGES[fact.kind]), fieldsOf(fact))
}

function isWarning(fact: PublicFact): boolean {
  switch (fact.kind) {
    case "IpPoolIpTripped":
    case "CoreRestarted":
    case "IpPoolAutoDisable":
    case "NameUnresolved":
    case "PoolWithheld":
    case "AdaptiveTlsPinMismatch":
    case "AdaptiveTlsAutoDisable":
      return true
    case "LocalOutage":
    case "CommonCause":
      return fact.began
    case "IpPoolConfigUpdate":
      return !fact.applied
    case "LadderStep":
      return fact.to !== "active"
    default:
      return false
  }
}

/** Numbers of sockets change all the time. */
function isDetail(kind: FactKind): boolean {
  return kind === "PoolResized"
}

/** Plain values for a line of text. Candidates and moves become words. */
function fieldsOf(fact: PublicFact): Readonly<Record<string, unknown>> {
  const { v: _v, kind, seq: _seq, at: _at, upstream, ...rest } = fact
  const fields: Record<string, unknown> = { fact: kind, ...(upstream === null ? {} : { upstream }) }
  for (const [key, value] of Object.entries(rest)) fields[key] = Array.isArray(value) ? value.map(inWords).join(", ") : value
  return fields
}

function inWords(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item
  if ("into" in item) {
    const { into, candidate, reason, costMs } = item as {
      into: boolean
      candidate: string
      reason: string
      costMs: number | null
    }
    return `${into ? "+" : "-"}${candidate} ${reason}${costMs === null ? "" : ` ${costMs.toFixed(1)}ms`}`
  }
  if ("cidr" in item) {
    const { address, list, cidr } = item as { address: string; list: string; cidr: string }
    return `${address} by ${list}${cidr === "" ? "" : ` ${cidr}`}`
  }
  const { candidate, source, address } = item as { candidate: string; source: string; address: string }
  return `${candidate} ${source} ${address}`
}
