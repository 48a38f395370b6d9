/** Spans that follow from the entries of the record. */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { Decision, PreheatCompleted, SelectionMoved } from "../../core/model/Decision.ts"
import type { DialFailure, Entry, ProbeFailed, ProbeSucceeded } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import * as Upstreams from "../../core/upstreams.ts"
import { ConnectionSpans } from "./ConnectionSpans.ts"
import { sampler } from "./sampling.ts"
import type { SpanWriter } from "./SpanWriter.ts"

const TRACED: ReadonlySet<Decision["_tag"]> = new Set(["SelectionMoved", "PreheatCompleted", "ConfigApplied"])
/** Upstreams that a span names at most. */
const MOST_NAMED = 16

export class EntrySpans {
  readonly connections: ConnectionSpans
  readonly #writer: SpanWriter
  readonly #isSampled: (number: number) => boolean

  constructor(writer: SpanWriter, ratio: number, seed: number, drop: () => void) {
    this.#writer = writer
    this.#isSampled = sampler(ratio, seed)
    this.connections = new ConnectionSpans(writer, this.#isSampled, drop)
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
      case "ProbeSucceeded":
        this.#probe(state, event, at, undefined)
        break
      case "ProbeFailed":
        this.#probe(state, event, at, event.reason)
        break
      case "WorkerLost":
        this.connections.forget()
        break
    }
    for (const decision of decisions) {
      if (TRACED.has(decision._tag) && this.#isSampled(seq)) this.#decided(state, at, decision)
    }
  }

  #probe(state: State, event: ProbeSucceeded | ProbeFailed, at: number, error: DialFailure | undefined): void {
    const { probe, candidate, tookUs } = event
    // A reference belongs to no upstream.
    if (candidate < 0 || !this.#isSampled(probe)) return
    const attributes = {
      "fairlead.upstream": upstreamOf(state, candidate),
      "fairlead.candidate": Candidates.labelOf(state, candidate),
      "fairlead.outcome": error ?? "ok"
    }
    this.#writer.write(state, {
      name: "fairlead.probe",
      startUs: at - tookUs,
      endUs: at,
      attributes,
      kind: "client",
      error
    })
  }

  #decided(state: State, at: number, decision: Decision): void {
    if (decision._tag === "SelectionMoved") this.#evaluated(state, at, decision)
    else if (decision._tag === "PreheatCompleted") this.#preheated(state, at, decision)
    else if (decision._tag === "ConfigApplied") this.#reloaded(state, at)
  }

  #preheated(state: State, at: number, { upstream, reachable, tookUs }: PreheatCompleted): void {
    const attributes = {
      "fairlead.upstream": Upstreams.labelOf(state, upstream) || "unknown",
      "fairlead.reachable": reachable,
      "fairlead.candidates": Upstreams.find(state, upstream)?.listed.length ?? 0
    }
    this.#writer.write(state, { name: "fairlead.preheat", startUs: at - tookUs, endUs: at, attributes })
  }

  /**
   * The moment at which a configuration came into force. Reading and binding come before, and the record does not have them.
   */
  #reloaded(state: State, at: number): void {
    const upstreams = state.config.upstreams.filter(({ removed, onDemand }) => !removed && !onDemand).map(({ name }) => name)
    const attributes = { "fairlead.upstreams": upstreams.slice(0, MOST_NAMED), "fairlead.upstreams.count": upstreams.length }
    this.#writer.write(state, { name: "fairlead.reload", startUs: at, endUs: at, attributes })
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

function upstreamOf(state: State, id: CandidateId): string {
  const candidate = Candidates.find(state, id)
  return candidate === undefined ? "unknown" : Upstreams.labelOf(state, candidate.upstream)
}
