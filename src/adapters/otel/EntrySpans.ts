/** Spans that follow from the entries of the record: those of clients, and what the core found. Fibers trace their own work. */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { Decision, PreheatCompleted, SelectionMoved } from "../../core/model/Decision.ts"
import type { Entry, WarmFailed } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import * as Upstreams from "../../core/upstreams.ts"
import { ConnectionSpans } from "./ConnectionSpans.ts"
import type { SpanWriter } from "./SpanWriter.ts"

const TRACED: ReadonlySet<Decision["_tag"]> = new Set(["SelectionMoved", "PreheatCompleted"])

export class EntrySpans {
  readonly connections: ConnectionSpans
  readonly #writer: SpanWriter
  readonly #isSampled: (number: number) => boolean

  constructor(writer: SpanWriter, isSampled: (number: number) => boolean, drop: () => void) {
    this.#writer = writer
    this.#isSampled = isSampled
    this.connections = new ConnectionSpans(writer, isSampled, drop)
  }

  readonly see = ({ seq, at, event }: Entry, decisions: ReadonlyArray<Decision>, state: State): void => {
    this.connections.routes.see(state.routes)
    switch (event._tag) {
      case "ClientAccepted":
        this.connections.accepted(at, event, state)
        break
      case "ClientClosed":
        this.connections.closed(at, event, state)
        break
      case "WarmFailed":
        if (this.#isSampled(seq)) this.#unfilled(state, at, event)
        break
      case "WorkerLost":
        this.connections.forget()
        break
    }
    for (const decision of decisions) {
      if (TRACED.has(decision._tag) && this.#isSampled(seq)) this.#decided(state, at, decision)
    }
  }

  #decided(state: State, at: number, decision: Decision): void {
    if (decision._tag === "SelectionMoved") this.#evaluated(state, at, decision)
    else if (decision._tag === "PreheatCompleted") this.#preheated(state, at, decision)
  }

  /** Between probes it is often the first to meet an address that has died. A warm socket that is there has no span, as clients take many. */
  #unfilled(state: State, at: number, { candidate, reason, tookUs }: WarmFailed): void {
    const upstream = Candidates.find(state, candidate)?.upstream
    const attributes = {
      "fairlead.upstream": upstream === undefined ? "unknown" : Upstreams.labelOf(state, upstream),
      "fairlead.candidate": Candidates.labelOf(state, candidate),
      "fairlead.outcome": reason
    }
    const written = { name: "fairlead.warm", startUs: at - tookUs, endUs: at, attributes } as const
    this.#writer.write(state, { ...written, kind: "client", error: reason })
  }

  #preheated(state: State, at: number, { upstream, reachable, tookUs }: PreheatCompleted): void {
    const attributes = {
      "fairlead.upstream": Upstreams.labelOf(state, upstream) || "unknown",
      "fairlead.reachable": reachable,
      "fairlead.candidates": Upstreams.find(state, upstream)?.listed.length ?? 0
    }
    this.#writer.write(state, { name: "fairlead.preheat", startUs: at - tookUs, endUs: at, attributes })
  }

  /** An evaluation takes no time of its own: its moment is that of the entry that moved the set. */
  #evaluated(state: State, at: number, { upstream, members, moves }: SelectionMoved): void {
    const label = (id: CandidateId) => Candidates.labelOf(state, id)
    const attributes = {
      "fairlead.upstream": Upstreams.labelOf(state, upstream) || "unknown",
      "fairlead.members": members.map(label),
      "fairlead.moves": moves.map(({ candidate, into, reason }) => `${into ? "+" : "-"}${label(candidate)} ${reason}`)
    }
    this.#writer.write(state, { name: "fairlead.evaluate", startUs: at, endUs: at, attributes })
  }
}
