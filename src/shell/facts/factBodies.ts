/**
 * The public form of a core fact. It is built where the decision is interpreted, from the state of that moment, because the
 * candidate may be forgotten later. A closure builds it, so a fact that the rate limit suppresses costs next to nothing.
 */
import * as Candidates from "../../core/candidates.ts"
import { ON_DEMAND } from "../../core/domain.ts"
import type { CandidateId, UpstreamId } from "../../core/model/Candidate.ts"
import type { Decision, MembershipChanged, Move, SelectionMoved } from "../../core/model/Decision.ts"
import type { State } from "../../core/model/State.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { Addresses } from "../privacy.ts"
import { shownAddress, shownHost, shownNetwork } from "../privacy.ts"
import type { Fields, Tell } from "./PublicFact.ts"
import { tellTls } from "./tlsBodies.ts"

/** One fact names at most this many candidates. All are counted. */
const MOST_NAMED = 16
/** One fact looks at most at this many candidates. */
const MOST_LOOKED_AT = 64

export function tellDecision(state: State, decision: Decision, addresses: Addresses, tell: Tell): void {
  switch (decision._tag) {
    case "Probe":
    case "Resolve":
    case "DialWarm":
    case "Retire":
    case "Race":
      return
    case "SelectionMoved":
      tell("SelectionMoved", () => moved(state, decision))
      return tell("IpPoolSelection", () => selection(state, decision))
    case "BreakerOpened": {
      const { candidate, upstream, reason, forMs } = decision
      return tell("IpPoolIpTripped", () => ({
        ...about(state, upstream),
        ...named(state, candidate, addresses),
        reason,
        forMs: Math.round(forMs)
      }))
    }
    case "IdentityFailed":
      return tell("IpPoolIpTripped", () => ({
        ...about(state, decision.upstream),
        ...named(state, decision.candidate, addresses),
        reason: "certificate",
        forMs: 0
      }))
    case "IdentityProven":
    case "BreakerClosed":
      return tell("IpPoolIpRecovered", () => ({
        ...about(state, decision.upstream),
        ...named(state, decision.candidate, addresses)
      }))
    case "Suspected": {
      const { candidate, upstream, reason } = decision
      return tell("Suspected", () => ({
        ...about(state, upstream),
        candidate: Candidates.labelOf(state, candidate),
        reason
      }))
    }
    case "Cleared":
      return tell("Cleared", () => ({
        ...about(state, decision.upstream),
        candidate: Candidates.labelOf(state, decision.candidate)
      }))
    case "MembershipChanged":
      return tell("MembershipChanged", () => membership(state, decision, addresses))
    case "LadderStepped": {
      const { from, to, reason } = decision
      return tell("LadderStep", () => ({ ...about(state, decision.upstream), from, to, reason }))
    }
    case "PreheatStarted":
      return tell("IpPoolPreheatStarted", () => ({ ...about(state, decision.upstream), candidates: decision.candidates }))
    case "PreheatCompleted": {
      const { reachable, tookUs } = decision
      tell("IpPoolPreheatCompleted", () => ({
        ...about(state, decision.upstream),
        reachable,
        candidates: listed(state, decision.upstream),
        tookMs: Math.round(tookUs / 1000)
      }))
      const success = reachable > 0
      return tell("IpPoolRefresh", () => ({ ...refreshed(state, decision.upstream), success, reason: "preheat" }))
    }
    case "UpstreamRefreshed": {
      const { upstream, reason } = decision
      const success = reason === "requested" ? null : reason === "first-use"
      return tell("IpPoolRefresh", () => ({ ...refreshed(state, upstream), success, reason }))
    }
    case "PoolResized": {
      const { from, to } = decision
      const candidate = Candidates.labelOf(state, decision.candidate)
      return tell("PoolResized", () => ({ ...about(state, decision.upstream), candidate, from, to }))
    }
    case "WarmWithheld": {
      const { upstream, reason, forMs } = decision
      const candidate = Candidates.labelOf(state, decision.candidate)
      return tell("PoolWithheld", () => ({ ...about(state, upstream), candidate, reason, forMs: Math.round(forMs) }))
    }
    case "ConfigApplied":
      return tell("IpPoolConfigUpdate", () => ({ upstream: null, applied: true, problems: 0 }))
    case "EnabledChanged": {
      const { enabled, override } = decision
      return tell("EnabledChanged", () => ({ upstream: null, enabled, override }))
    }
    case "AddressesRefused": {
      const { source, count, refused } = decision
      return tell("IpPoolCidrFilter", () => ({
        ...about(state, decision.upstream),
        source,
        count,
        refused: refused.map(({ host, list, cidr }) => ({
          address: shownHost(host, addresses),
          list,
          cidr: cidr === "" ? "" : shownNetwork(cidr, addresses)
        }))
      }))
    }
    case "OutageBegan":
      return tell("LocalOutage", () => ({ upstream: null, began: true, reason: decision.reason, tookMs: null }))
    case "OutageEnded": {
      const { reason, tookUs } = decision
      return tell("LocalOutage", () => ({ upstream: null, began: false, reason, tookMs: Math.round(tookUs / 1000) }))
    }
    case "CommonCauseBegan": {
      const { candidates } = decision
      return tell("CommonCause", () => ({ ...about(state, decision.upstream), began: true, candidates, tookMs: null }))
    }
    case "CommonCauseEnded": {
      const tookMs = Math.round(decision.tookUs / 1000)
      return tell("CommonCause", () => ({ ...about(state, decision.upstream), began: false, candidates: null, tookMs }))
    }
    case "AutoDisabled": {
      const { rounds, forMs } = decision
      return tell("IpPoolAutoDisable", () => ({ upstream: null, rounds, forMs }))
    }
    case "AutoEnabled":
      return tell("IpPoolAutoEnable", () => ({ upstream: null, reason: decision.reason }))
    case "DomainDropped":
      return tell(
        "OnDemandDropped",
        () => ({ upstream: ON_DEMAND, reason: decision.reason, entries: state.index.slots.demanded })
      )
    case "TlsServed":
    case "TlsFellBack":
    case "TlsPinMismatched":
    case "TlsStageDisabled":
    case "TlsStageEnabled":
      return tellTls(state, decision, tell)
    default:
      decision satisfies never
  }
}

/** The best and the worst of the measured candidates, among those that a fact may look at. */
function refreshed(state: State, upstream: UpstreamId) {
  const measured: Array<number> = []
  Candidates.visitRanked(state, upstream, (id) => {
    const { latency } = Candidates.find(state, id) ?? {}
    if (latency !== undefined && latency.atUs >= 0) measured.push(latency.value)
    return measured.length < MOST_LOOKED_AT
  })
  return {
    ...about(state, upstream),
    candidates: listed(state, upstream),
    minLatencyMs: measured.length === 0 ? null : millis(Math.min(...measured)),
    maxLatencyMs: measured.length === 0 ? null : millis(Math.max(...measured))
  }
}

function about(state: State, upstream: UpstreamId): { readonly upstream: string | null } {
  return { upstream: Upstreams.find(state, upstream)?.name ?? null }
}

function named(state: State, id: CandidateId, addresses: Addresses) {
  const candidate = Candidates.find(state, id)
  return {
    candidate: Candidates.labelOf(state, id),
    // A candidate that has left has no sources any more.
    source: candidate?.sources[0] ?? "none",
    address: candidate === undefined ? "?" : shownAddress(candidate, addresses)
  }
}

function listed(state: State, upstream: UpstreamId): number {
  return Upstreams.find(state, upstream)?.listed.length ?? 0
}

function moved(state: State, { upstream, members, moves }: SelectionMoved): Fields<"SelectionMoved"> {
  return {
    ...about(state, upstream),
    members: members.map((id) => Candidates.labelOf(state, id)),
    moves: moves.map(({ candidate, into, reason, costMs }: Move) => ({
      candidate: Candidates.labelOf(state, candidate),
      into,
      reason,
      costMs: millis(costMs)
    }))
  }
}

function selection(state: State, { upstream, members }: SelectionMoved): Fields<"IpPoolSelection"> {
  const best = members[0] === undefined ? undefined : Candidates.find(state, members[0])
  return {
    ...about(state, upstream),
    candidate: best === undefined ? null : Candidates.labelOf(state, best.id),
    source: best?.sources[0] ?? null,
    latencyMs: best === undefined || best.latency.atUs < 0 ? null : millis(best.latency.value),
    costMs: best === undefined ? null : millis(best.costMs),
    members: members.length,
    candidates: listed(state, upstream)
  }
}

function membership(state: State, fact: MembershipChanged, addresses: Addresses): Fields<"MembershipChanged"> {
  const names = (ids: ReadonlyArray<CandidateId>) => ids.slice(0, MOST_NAMED).map((id) => named(state, id, addresses))
  return {
    ...about(state, fact.upstream),
    joined: names(fact.joined),
    joinedCount: fact.joined.length,
    left: names(fact.left),
    leftCount: fact.left.length
  }
}

/** null: there is no value. Rounded to the µs, as no clock is more precise. */
function millis(value: number): number | null {
  return value < 0 ? null : Math.round(value * 1000) / 1000
}
