/** Facts in words for the log. */
import { labelOf } from "../core/candidates.ts"
import type { Fact } from "../core/model/Decision.ts"
import type { State } from "../core/model/State.ts"

export interface FactText {
  readonly message: string
  readonly [detail: string]: string
}

export function factText(state: State, fact: Fact): FactText {
  const label = (id: number) => labelOf(state, id)
  const name = (id: number) => state.config.upstreams[id]?.name ?? ""
  switch (fact._tag) {
    case "SelectionMoved": {
      const moves = fact.moves.map(({ candidate, into, reason, costMs }) =>
        `${into ? "+" : "-"}${label(candidate)} ${reason}${costMs < 0 ? "" : ` ${costMs.toFixed(1)}ms`}`
      )
      return { message: "selection moved", members: fact.members.map(label).join(" "), moves: moves.join(", ") }
    }
    case "BreakerOpened":
      return {
        message: "breaker opened",
        candidate: label(fact.candidate),
        reason: fact.reason,
        forMs: String(Math.round(fact.forMs))
      }
    case "BreakerClosed":
      return { message: "breaker closed", candidate: label(fact.candidate) }
    case "Suspected":
      return { message: "suspected", candidate: label(fact.candidate), reason: fact.reason }
    case "Cleared":
      return { message: "cleared", candidate: label(fact.candidate) }
    case "MembershipChanged":
      return {
        message: "membership changed",
        joined: fact.joined.map(label).join(" "),
        left: fact.left.map(label).join(" ")
      }
    case "LadderStepped":
      return { message: "ladder stepped", upstream: name(fact.upstream), from: fact.from, to: fact.to, reason: fact.reason }
    case "PreheatStarted":
      return { message: "preheat started", upstream: name(fact.upstream), candidates: String(fact.candidates) }
    case "PreheatCompleted":
      return {
        message: "preheat completed",
        upstream: name(fact.upstream),
        reachable: String(fact.reachable),
        tookMs: String(Math.round(fact.tookUs / 1000))
      }
    case "UpstreamRefreshed":
      return { message: "refresh", upstream: name(fact.upstream), reason: fact.reason }
    case "PoolResized":
      return { message: "pool resized", candidate: label(fact.candidate), from: String(fact.from), to: String(fact.to) }
    case "ConfigApplied":
      return { message: "configuration applied" }
    case "EnabledChanged":
      return {
        message: fact.enabled ? "enabled" : "disabled",
        override: fact.override === null ? "none" : String(fact.override)
      }
  }
}
