/** What the services did, counted from the same entries as their records. */
import * as Candidates from "../../core/candidates.ts"
import type { Decision } from "../../core/model/Decision.ts"
import type { ClientAccepted, Entry } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import * as Upstreams from "../../core/upstreams.ts"

export interface Preheated {
  readonly upstream: string
  readonly candidates: number
  readonly reachable: number
  readonly tookMs: number
}

/** The upstream in which moves bring nothing. */
const IDLE = "crowd"

export class Ledger {
  /** Clients by how their address was chosen, and by the source that had named it. */
  readonly strategies = new Map<string, number>()
  readonly sources = new Map<string, number>()
  /** Clients with a choice, and those of them with a known source and latency. */
  chosen = 0
  described = 0
  warm = 0
  dialled = 0
  unreached = 0
  /** Steps down the ladder, by reason. */
  readonly fallbacks = new Map<string, number>()
  readonly tripped = new Map<string, number>()
  recovered = 0
  suspected = 0
  /** Candidates that entered an active set, by reason; and in the group in which that brings nothing. */
  readonly moves = new Map<string, number>()
  idleSwaps = 0
  probes = 0
  probesFailed = 0
  resolved = 0
  unresolved = 0
  refreshes = 0
  refreshesFailed = 0
  readonly preheats: Array<Preheated> = []
  /** Called with each client's acceptance. */
  accepted: (event: ClientAccepted) => void = () => {}

  readonly see = ({ event }: Entry, decisions: ReadonlyArray<Decision>, state: State): void => {
    switch (event._tag) {
      case "ClientAccepted":
        this.#accept(event, state)
        break
      case "ProbeSucceeded":
        this.probes++
        break
      case "ProbeFailed":
        this.probes++
        this.probesFailed++
        break
      case "Resolved":
        this.resolved++
        break
      case "ResolveFailed":
        this.unresolved++
        break
      default:
    }
    for (const decision of decisions) this.#decided(decision, state)
  }

  #accept(event: ClientAccepted, state: State): void {
    const { why, candidate, chosen, warm } = event
    count(this.strategies, why)
    if (candidate === "none") this.unreached++
    else if (warm > 0) this.warm++
    else this.dialled++
    const served = candidate === "none" || candidate === "system" ? undefined : Candidates.find(state, candidate)
    count(this.sources, candidate === "none" || candidate === "system" ? candidate : served?.sources[0] ?? "left")
    if (chosen !== "none") {
      const one = Candidates.find(state, chosen)
      this.chosen++
      if (one !== undefined && one.sources.length > 0 && one.latency.atUs >= 0) this.described++
    }
    this.accepted(event)
  }

  #decided(decision: Decision, state: State): void {
    switch (decision._tag) {
      case "SelectionMoved": {
        const { name } = Upstreams.configOf(state, decision.upstream)
        for (const { into, reason } of decision.moves) {
          if (!into) continue
          count(this.moves, reason)
          if (name === IDLE && reason === "cheaper") this.idleSwaps++
        }
        break
      }
      case "BreakerOpened":
        count(this.tripped, decision.reason)
        break
      case "BreakerClosed":
        this.recovered++
        break
      case "Suspected":
        this.suspected++
        break
      case "LadderStepped":
        if (decision.to !== "active") count(this.fallbacks, decision.reason)
        break
      case "UpstreamRefreshed":
        if (decision.reason === "requested" || decision.reason === "outage") break
        this.refreshes++
        if (decision.reason !== "first-use") this.refreshesFailed++
        break
      case "PreheatCompleted": {
        const { upstream, reachable, tookUs } = decision
        const candidates = Upstreams.find(state, upstream)?.listed.length ?? 0
        const { name } = Upstreams.configOf(state, upstream)
        this.preheats.push({ upstream: name, candidates, reachable, tookMs: Math.round(tookUs / 1000) })
        break
      }
      default:
    }
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
