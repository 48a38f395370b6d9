/**
 * Counters and histograms. All of them follow from the entries of the record and from the decisions that these entries led to.
 */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateRef, UpstreamId } from "../../core/model/Candidate.ts"
import type { Decision } from "../../core/model/Decision.ts"
import type { ClientAccepted, ClientClosed, Entry } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import { resultsOf } from "../../core/tlsChain.ts"
import * as Upstreams from "../../core/upstreams.ts"
import * as catalogue from "./catalogue.ts"
import type { Meters, Update } from "./Meters.ts"
import { RecentRoutes } from "./RecentRoutes.ts"
import { sourceOf } from "./served.ts"
import { ListenerMeters, memo, UpstreamMeters } from "./UpstreamMeters.ts"

/** A candidate that the core has forgotten. */
const FORGOTTEN = "unknown"

/** Reasons that are answers, though without an address that can be dialled. */
const ANSWERS = ["ENOTFOUND", "ENODATA", "unusable"]

export class EntryMeters {
  readonly listener: (name: string) => ListenerMeters
  readonly #named: (name: string) => UpstreamMeters
  /** By result. The entries show applied reloads; other code reports refused ones. */
  readonly reloads: (result: "applied" | "refused") => Update
  readonly #recent = new RecentRoutes()
  readonly #upstreams: Array<UpstreamMeters | undefined> = []
  /** Listeners of the sessions under way, because the end of a session does not name its listener. */
  readonly #sessions = new Map<number, ListenerMeters>()
  readonly #latency: Update
  readonly #selections: (source: string) => Update
  readonly #fallbacks: (reason: string) => Update
  readonly #evicted: (reason: string) => Update

  constructor(meters: Meters) {
    this.listener = memo((name) => new ListenerMeters(meters, name))
    this.#named = memo((name) => new UpstreamMeters(meters, name))
    this.#latency = meters.of(catalogue.latency, {})
    this.#selections = memo((source) => meters.of(catalogue.selections, { source }))
    this.reloads = memo((result) => meters.of(catalogue.reloads, { result }))
    for (const result of ["applied", "refused"] as const) this.reloads(result)
    this.#evicted = memo((reason) => meters.of(catalogue.evicted, { reason }))
    for (const reason of ["limit", "idle"]) this.#evicted(reason)
    this.#fallbacks = memo((reason) => meters.of(catalogue.fallbacks, { reason }))
  }

  /** Sessions under way. */
  get sessions(): number {
    return this.#sessions.size
  }

  upstream(state: State, id: UpstreamId): UpstreamMeters {
    const name = Upstreams.labelOf(state, id) || FORGOTTEN
    const known = this.#upstreams[id]
    if (known?.name === name) return known
    return (this.#upstreams[id] = this.#named(name))
  }

  readonly see = ({ event }: Entry, decisions: ReadonlyArray<Decision>, state: State): void => {
    this.#recent.see(state.routes)
    switch (event._tag) {
      case "ClientAccepted":
        this.#accepted(event, state)
        break
      case "ClientClosed":
        this.#ended(event)
        break
      case "ProbeSucceeded": {
        // A reference belongs to no upstream.
        if (event.candidate === "reference") break
        const upstream = this.#of(state, event.candidate)
        upstream.probes("ok")(1)
        this.#handshake(upstream.connectByProbe, event.tookUs)
        break
      }
      case "ProbeFailed":
        if (event.candidate !== "reference") this.#of(state, event.candidate).probes(event.reason)(1)
        break
      case "WarmConnected":
        this.#handshake(this.#of(state, event.candidate).connectWarm, event.tookUs)
        break
      case "Raced":
        for (const { outcome, tookUs } of event.tried) {
          if (outcome === "connected") this.#handshake(this.#of(state, event.candidate).connectWarm, tookUs)
        }
        break
      case "WarmLost":
        this.#of(state, event.candidate).closed(event.reason)(1)
        break
      case "Resolved": {
        // Of an answer in parts only the whole one counts.
        if (event.more === true) break
        const { omitted, silent } = this.upstream(state, event.upstream)
        omitted(event.omitted)
        silent(event.silent)
        break
      }
      case "ResolveFailed":
        if (!ANSWERS.includes(event.reason)) this.upstream(state, event.upstream).silent(1)
        break
      case "TlsTried": {
        const { tlsStage } = this.upstream(state, event.upstream)
        for (const { stage, telling } of resultsOf(event.tried)) {
          tlsStage(stage, telling.unpinned === true ? "unpinned" : telling.outcome)(1)
        }
        break
      }
      case "WorkerLost":
        this.#sessions.clear()
        break
    }
    for (const decision of decisions) {
      if (decision._tag === "SelectionMoved") this.#moved(decision, state)
      else if (decision._tag === "Suspected") this.upstream(state, decision.upstream).suspected(decision.reason)(1)
      else if (decision._tag === "ConfigApplied") this.reloads("applied")(1)
      else if (decision._tag === "DomainDropped") this.#evicted(decision.reason)(1)
    }
  }

  #accepted(event: ClientAccepted, state: State): void {
    const { session, candidate, warm, chosen, tried } = event
    const upstream = this.upstream(state, event.upstream)
    const listener = this.listener(event.listener)
    const count = warm > 0 ? upstream.hits : upstream.misses
    count(1)
    for (const { outcome, tookUs } of tried) {
      if (outcome === "connected") this.#handshake(upstream.connectByClient, tookUs)
    }
    if (chosen === "none") this.#fallbacks(this.#rungOf(event))(1)
    if (candidate === "none") return listener.connections("failed")(1)
    this.#selections(sourceOf(state, candidate) ?? FORGOTTEN)(1)
    this.#sessions.set(session, listener)
  }

  #ended({ session, cause, bytesUp, bytesDown, firstByteUs }: ClientClosed): void {
    const listener = this.#sessions.get(session)
    if (listener === undefined) return
    this.#sessions.delete(session)
    listener.connections(cause)(1)
    listener.up(bytesUp)
    listener.down(bytesDown)
    if (firstByteUs >= 0) listener.firstByte(firstByteUs / 1_000_000)
  }

  #moved({ upstream, moves }: Extract<Decision, { _tag: "SelectionMoved" }>, state: State): void {
    const { switches } = this.upstream(state, upstream)
    for (const { reason } of moves) switches(reason)(1)
  }

  /** The rung of the ladder in the routes that the client was served from. */
  #rungOf({ routes, upstream, why }: ClientAccepted): string {
    const state = this.#recent.of(routes)?.upstreams[upstream]?.state ?? "active"
    return state === "active" ? why : state
  }

  #handshake(connect: Update, tookUs: number): void {
    connect(tookUs / 1_000_000)
    this.#latency(tookUs / 1_000)
  }

  #of(state: State, candidate: CandidateRef): UpstreamMeters {
    const found = Candidates.find(state, candidate)
    return found === undefined ? this.#named(FORGOTTEN) : this.upstream(state, found.upstream)
  }
}
