/** The public form of facts about TLS connections of programs. */
import * as Candidates from "../../core/candidates.ts"
import type { Endpoint } from "../../core/model/Candidate.ts"
import type { TlsFact } from "../../core/model/Decision.ts"
import type { State } from "../../core/model/State.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { Tell } from "./PublicFact.ts"

export function tellTls(state: State, fact: TlsFact, tell: Tell): void {
  const about = () => ({ upstream: Upstreams.find(state, fact.upstream)?.name ?? null })
  switch (fact._tag) {
    case "TlsServed": {
      const { stage, candidate, tlsUs, tookUs } = fact
      return tell("AdaptiveTlsTiming", () => ({
        ...about(),
        ...chosen(state, candidate),
        ipSelectionStage: stage,
        tlsMs: tlsUs / 1000,
        tookMs: tookUs / 1000
      }))
    }
    case "TlsFellBack": {
      const { from, to, candidate, reason, tookUs } = fact
      return tell("AdaptiveTlsFallback", () => ({
        ...about(),
        ...chosen(state, candidate),
        ipSelectionStage: from,
        to: to === "none" ? null : to,
        reason,
        tookMs: tookUs / 1000
      }))
    }
    case "TlsPinMismatched": {
      const { stage, candidate, stopped } = fact
      return tell("AdaptiveTlsPinMismatch", () => ({
        ...about(),
        ...chosen(state, candidate),
        ipSelectionStage: stage,
        stopped
      }))
    }
    case "TlsStageDisabled": {
      const { stage, reason, forMs } = fact
      return tell("AdaptiveTlsAutoDisable", () => ({
        ...about(),
        ipSelectionStage: stage,
        reason,
        forMs: Math.round(forMs)
      }))
    }
    case "TlsStageEnabled":
      return tell("AdaptiveTlsAutoEnable", () => ({ ...about(), ipSelectionStage: fact.stage }))
  }
}

/** What is known of a candidate that a program used. A system address has no source, and neither has any while the pool is off. */
function chosen(state: State, id: Endpoint | "none") {
  const candidate = id === "none" || id === "system" ? undefined : Candidates.find(state, id)
  const { latency, sources = [], upstream } = candidate ?? {}
  const isOn = upstream !== undefined && Upstreams.isOn(state, upstream)
  return {
    candidate: id === "none" || id === "system" ? null : Candidates.labelOf(state, id),
    ipSource: isOn ? sources[0] ?? null : null,
    ipLatencyMs: isOn && latency !== undefined && latency.atUs >= 0 ? Math.round(latency.value * 1000) / 1000 : null
  }
}
