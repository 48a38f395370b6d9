/** An upstream: one service that several addresses can give, and the set of addresses that clients go to now. */
import type { Ewma } from "../math/Ewma.ts"
import type { Lives } from "../math/Lifetime.ts"
import type { CandidateId, Source, UpstreamId } from "./Candidate.ts"
import type { TlsStage } from "./Event.ts"

export interface Upstream {
  readonly id: UpstreamId
  readonly name: string
  /** Candidates that a source other than `fallback` names, in configured order. */
  readonly listed: ReadonlyArray<CandidateId>
  /** Candidates of the fallback list, in configured order. */
  readonly fallback: ReadonlyArray<CandidateId>
  /** Candidates that left and are still remembered, the oldest first. */
  readonly left: ReadonlyArray<CandidateId>
  /** The ordinal of the next candidate. */
  readonly nextOrdinal: number
  /** The active set, cheapest first as of the last evaluation. */
  readonly members: ReadonlyArray<CandidateId>
  /** Since when each member has been in the set, at the same index. */
  readonly memberSinceUs: ReadonlyArray<number>
  /** Challengers that were cheaper than a member by the margin in the last evaluation. */
  readonly challenges: ReadonlyArray<Challenge>
  /** Members that left the set because they expired, the latest last. */
  readonly stale: ReadonlyArray<CandidateId>
  /** When the stale members are too old to serve. */
  readonly staleDueUs: number
  /** When the selector evaluates the set next. */
  readonly evaluateDueUs: number
  /** The last evaluation. */
  readonly selectedAtUs: number
  /** When a first answer last filled the empty set. */
  readonly filledAtUs: number
  /** The next round of probes. */
  readonly roundDueUs: number
  /** Since when the first round of probes is under way; -1: it is over. */
  readonly preheatSinceUs: number
  /** Listed candidates without a sample. */
  readonly unsampled: number
  /** Those of them without even a short try (rules/brief.ts). The first round is over when there are none. */
  readonly untried: number
  /** Whether any session ever got a byte of the upstream. One-way protocols never get one. */
  readonly answered: boolean
  /** Time from a client's bytes to the first upstream byte, in ms. */
  readonly firstByte: Ewma
  /** Silence after client bytes that a session reports, in ms. It follows `firstByte` in steps, because the routes carry it. */
  readonly silentAfterMs: number
  /** The DNS query under way for the addresses of `host`; 0: none. */
  readonly resolve: number
  /** The next such query. */
  readonly resolveDueUs: number
  /** Candidates that have a warm pool. */
  readonly warmPools: ReadonlyArray<CandidateId>
  /** Listed candidates with an open or half-open breaker. */
  readonly shut: number
  /** Answers of the resolver in a row to which at least one server contributed nothing. */
  readonly partial: number
  /** Addresses that `access` refused in the last fact `AddressesRefused`, for each source. */
  readonly refused: ReadonlyArray<Refused>
  /**
   * Candidates that an earlier run measured and this run has no sample of, the best first. They serve while no candidate is
   * measured.
   */
  readonly priors: ReadonlyArray<CandidateId>
  /** When the record of one of them ends: it may serve no longer, or history names it no longer. */
  readonly priorsDueUs: number
  /** The last answer of any candidate, to the second. */
  readonly heardAtUs: number
  /** The trouble under way; null: none. See reducers/commonCause.ts. */
  readonly trouble: Trouble | null
  /** The end of the last common cause. Handshakes that began before it and fail are no evidence. */
  readonly returnedAtUs: number
  /** Members that left the set because they failed. When they recover, neither hold time nor margin keeps them out. */
  readonly displaced: ReadonlyArray<CandidateId>
  /** The last use of an upstream that is found on first use; -1: never used, or preheated. */
  readonly usedAtUs: number
  /** The race under way on first use; 0: none. `resolving`: it waits for the resolver. */
  readonly race: number | "resolving"
  /** Until when races of this upstream belong to a search (search.ts); -1: no client needed one. */
  readonly searchUntilUs: number
  /** Addresses of the list that the search has gone through. It starts at the end of the list. */
  readonly searched: number
  /**
   * Until when clients go down the ladder without a new race, since the last one found no address; -1: clients may start one.
   */
  readonly pausedUntilUs: number
  /** When members and challengers are probed so that they do not expire; -1: the ordinary rounds come often enough. */
  readonly renewDueUs: number
  /** The last moment at which the upstream answered (to the second), began, came into use again or was refreshed. */
  readonly unheardSinceUs: number
  /** Since when the resolver has named no usable address; -1: its last answer named one. */
  readonly unresolvedSinceUs: number
  /** Breakers of the stages of a program's TLS that have failed since they last served. */
  readonly tlsStages: ReadonlyArray<StageBreaker>
  /** How long it lets idle HTTP connections live, as far as it was seen. */
  readonly kept: Kept
  /** How long it lets unused warm sockets live, as far as it was seen. Nothing is looked at where `pool.maxAge` is a time. */
  readonly lives: Lives
}

/** What a stage's breaker has counted: see reducers/tlsStages.ts. */
export interface StageBreaker {
  readonly stage: TlsStage
  /** Failures in a row. */
  readonly consecutive: number
  /** How often it opened in a row. */
  readonly openings: number
  readonly openedAtUs: number
  /** When an open breaker lets one client try the stage; -1: it is closed. */
  readonly trialDueUs: number
  /** How long it was last open. */
  readonly openForMs: number
  readonly closedAtUs: number
}

/** What was seen of HTTP connections that were kept for further requests. */
export interface Kept extends Lives {
  /** How long the upstream says that it keeps them; -1: it has not said. */
  readonly announcedMs: number
}

/** Addresses of one source that `access` refused. */
export interface Refused {
  readonly source: Source | "last-resort"
  readonly count: number
  /** The first of them. */
  readonly hosts: ReadonlyArray<string>
}

/** A challenger on its way into the set. */
export interface Challenge {
  readonly candidate: CandidateId
  /** Evaluations in a row in which it was better by its forecast. */
  readonly count: number
  /** Evaluations in a row in which it was better by its cost. */
  readonly standing: number
  /** When the sample window closed that was counted last. */
  readonly windowAtUs: number
}

/** A trouble: candidates fail, and none has succeeded since the first of these failures. */
export interface Trouble {
  /** `seq` of the entry with which it began. It identifies the trouble. */
  readonly seq: number
  /** The first failure, or the first sign of one. */
  readonly sinceUs: number
  /** Candidates that could serve at that moment: the members, then the next by cost. */
  readonly order: ReadonlyArray<CandidateId>
  /** Failures since then. */
  readonly failures: number
  /**
   * true: handshakes fail. false: only sessions fail; then a handshake proves nothing, and an upstream byte ends the trouble.
   */
  readonly byConnect: boolean
  /** Whether the rest of the order was probed. */
  readonly asked: boolean
  /** When every candidate of the order had failed, so that the cause is common; -1: some candidate may still be well. */
  readonly commonAtUs: number
  /** The next trials with probes. */
  readonly trialDueUs: number
  /** Index in `order` of the next trial with a probe. */
  readonly turn: number
  /** Index in `order` of the candidate that clients try first. */
  readonly clientTurn: number
  /** Trials with a client. */
  readonly clientTrials: number
  /** The next trial with a client. */
  readonly clientTrialDueUs: number
  /** The set before the trouble. */
  readonly set: SelectedSet
}

/** A set that can be restored after a trouble: fields as in `Upstream`. */
export interface SelectedSet {
  readonly members: ReadonlyArray<CandidateId>
  readonly memberSinceUs: ReadonlyArray<number>
  readonly challenges: ReadonlyArray<Challenge>
  readonly stale: ReadonlyArray<CandidateId>
  readonly staleDueUs: number
  readonly selectedAtUs: number
}
