/**
 * The chain of stages in which a program asks for TLS, as one program sees it now, and the verdict on each stage after it.
 *
 * In each stage the addresses are tried in order. A stage that fails makes room for the next one. The first connection with a
 * valid certificate for the real name serves. A pin mismatch ends the chain: neither a further address nor a further stage is
 * tried, because something with a valid certificate is in the way.
 */
import type { UpstreamId } from "./model/Candidate.ts"
import type { StagedTls, UpstreamConfig } from "./model/Config.ts"
import type { TlsAttempt, TlsOutcome, TlsStage } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import { breakerOf, isOff } from "./upstream/tlsStages.ts"
import * as Upstreams from "./upstreams.ts"

/** Whether a client that asks in the usual way would not keep the rules of the configuration. */
export function asksByRules({ chain, pins }: StagedTls): boolean {
  return pins.length > 0 || chain.includes("cover")
}

/** A text that differs where a connection of one configuration might not have been made by another; "": there are no rules. */
export function rulesOf({ host, ca, tls }: UpstreamConfig): string {
  if (!asksByRules(tls)) return ""
  const { chain, coverName, pins, pinsReportOnly } = tls
  return JSON.stringify([host, ca, chain, coverName, pins, pinsReportOnly])
}

export interface PlannedStage {
  readonly stage: TlsStage
  /** The stage is off and due for a trial. One client at a time may try it. */
  readonly isTrial: boolean
}

/** The stages that a client may try at `atUs`, in order. There is at least one. */
export function stagesOf(state: State, id: UpstreamId, atUs: number): ReadonlyArray<PlannedStage> {
  const upstream = Upstreams.find(state, id)
  return Upstreams.configOf(state, id).tls.chain.flatMap((stage): ReadonlyArray<PlannedStage> => {
    const breaker = upstream === undefined ? undefined : breakerOf(upstream, stage)
    if (breaker === undefined || !isOff(breaker)) return [{ stage, isTrial: false }]
    return atUs >= breaker.trialDueUs ? [{ stage, isTrial: true }] : []
  })
}

/** Where a program is in its chain. */
export interface Place {
  /** Index in the stages; the length: there is no further stage. */
  readonly at: number
  /** Addresses of this stage that failed. */
  readonly tries: number
}

export const START: Place = { at: 0, tries: 0 }

/** Where it goes on after an attempt; `served` and `stopped`: nowhere. */
export function after({ at, tries }: Place, outcome: TlsOutcome, most: number): Place | "served" | "stopped" {
  switch (outcome) {
    case "served":
      return "served"
    case "pin":
    case "cancelled":
      return "stopped"
    case "unreached":
      return { at: at + 1, tries: 0 }
    default:
      return tries + 1 < most ? { at, tries: tries + 1 } : { at: at + 1, tries: 0 }
  }
}

/** Why a stage failed. */
export type StageFailure = "certificate" | "handshake" | "timeout"

export interface StageResult {
  readonly stage: TlsStage
  /** The attempt that tells most: the last one with an address that was connected, if there is one. */
  readonly telling: TlsAttempt
  readonly isServed: boolean
  /**
   * The last failure after an address was connected; undefined: there was none. Addresses without a connection say nothing about a
   * stage, and neither does a pin mismatch.
   */
  readonly failure: StageFailure | undefined
}

/** What became of each stage that was tried, in order. */
export function resultsOf(tried: ReadonlyArray<TlsAttempt>): ReadonlyArray<StageResult> {
  const results: Array<StageResult> = []
  for (const one of tried) {
    const { stage, outcome } = one
    const before = results.at(-1)?.stage === stage ? results.pop() : undefined
    const isFailure = outcome === "certificate" || outcome === "handshake" || outcome === "timeout"
    results.push({
      stage,
      telling: outcome === "unreached" && before !== undefined ? before.telling : one,
      isServed: outcome === "served",
      failure: isFailure ? outcome : before?.failure
    })
  }
  return results
}
