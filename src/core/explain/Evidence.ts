/**
 * Evidence: the entries on which the state of each candidate rests, by their numbers in the record. It follows the entries beside the core,
 * live and in replay, and remembers the latest of each kind.
 */
import * as Candidates from "../candidates.ts"
import type { CandidateId, CandidateRef, UpstreamId } from "../model/Candidate.ts"
import type { Decision } from "../model/Decision.ts"
import type { Entry } from "../model/Event.ts"
import type { State } from "../model/State.ts"

/** What the core has forgotten is dropped each so many entries. */
const SWEEP_EVERY = 1_024

export interface Proof {
  readonly seq: number
  /** Moment of the entry, in µs of the monotonic clock. */
  readonly atUs: number
  /** The reason of a failure or of a move; of an answer its handshake time in µs. */
  readonly what: string | number
}

/** The latest entries about one candidate, by kind. */
export interface Rests {
  answered?: Proof
  failed?: Proof
  breaker?: Proof
  suspicion?: Proof
  identity?: Proof
  moved?: Proof
  joined?: Proof
}

export class Evidence {
  readonly #of = new Map<CandidateId, Rests>()
  readonly #ladder = new Map<UpstreamId, Proof>()

  /** The entry was folded into this state, and brought about these decisions. */
  note(entry: Entry, decisions: ReadonlyArray<Decision>, state: State): void {
    const { event } = entry
    switch (event._tag) {
      case "ProbeSucceeded":
      case "WarmConnected":
        this.#set(event.candidate, "answered", entry, event.tookUs)
        break
      case "ProbeFailed":
      case "WarmFailed":
        this.#set(event.candidate, "failed", entry, event.reason)
        break
      case "Raced":
      case "ClientAccepted":
        for (const { candidate, outcome, tookUs } of event.tried) {
          if (outcome === "connected") this.#set(candidate, "answered", entry, tookUs)
          else if (outcome !== "cancelled" && outcome !== "unresolved") this.#set(candidate, "failed", entry, outcome)
        }
    }
    for (const decision of decisions) this.#decided(entry, decision)
    if (entry.seq % SWEEP_EVERY === 0) this.#sweep(state)
  }

  of(candidate: CandidateId): Readonly<Rests> {
    return this.#of.get(candidate) ?? {}
  }

  /** The entry that moved the upstream's clients to their rung of the ladder. */
  ladderOf(upstream: UpstreamId): Proof | undefined {
    return this.#ladder.get(upstream)
  }

  #decided(entry: Entry, decision: Decision): void {
    switch (decision._tag) {
      case "BreakerOpened":
        return this.#set(decision.candidate, "breaker", entry, `opened: ${decision.reason}`)
      case "BreakerClosed":
        return this.#set(decision.candidate, "breaker", entry, "closed")
      case "Suspected":
        return this.#set(decision.candidate, "suspicion", entry, `suspected: ${decision.reason}`)
      case "Cleared":
        return this.#set(decision.candidate, "suspicion", entry, "cleared")
      case "IdentityFailed":
        return this.#set(decision.candidate, "identity", entry, "failed")
      case "IdentityProven":
        return this.#set(decision.candidate, "identity", entry, "proven")
      case "SelectionMoved":
        for (const { candidate, into, reason } of decision.moves) {
          this.#set(candidate, "moved", entry, `${into ? "entered" : "left"}: ${reason}`)
        }
        return
      case "MembershipChanged":
        for (const id of decision.joined) this.#set(id, "joined", entry, "joined")
        return
      case "LadderStepped":
        this.#ladder.set(decision.upstream, proof(entry, `${decision.from} to ${decision.to}: ${decision.reason}`))
    }
  }

  #set(candidate: CandidateRef, kind: keyof Rests, entry: Entry, what: Proof["what"]): void {
    if (typeof candidate !== "number") return
    let rests = this.#of.get(candidate)
    if (rests === undefined) this.#of.set(candidate, rests = {})
    rests[kind] = proof(entry, what)
  }

  /** Candidates that the core has forgotten need no evidence. One that left may come back. */
  #sweep(state: State): void {
    for (const id of this.#of.keys()) if (Candidates.find(state, id) === undefined) this.#of.delete(id)
  }
}

function proof({ seq, at }: Entry, what: Proof["what"]): Proof {
  return { seq, atUs: at, what }
}
