/** One service that several addresses can give, and the set of addresses that gives it now. */
import type { Ewma } from "../math/Ewma.ts"
import type { CandidateId, Source, UpstreamId } from "./Candidate.ts"

export interface Upstream {
  readonly id: UpstreamId
  readonly name: string
  /** Its candidates' ids in configured order: the order of the last resort. */
  readonly listed: ReadonlyArray<CandidateId>
  /** Candidates of the fallback list in configured order; who has no other source is not listed. */
  readonly fallback: ReadonlyArray<CandidateId>
  /** Who left and is still remembered, the oldest first. */
  readonly left: ReadonlyArray<CandidateId>
  readonly nextOrdinal: number
  /** Active set, cheapest first as of the last evaluation. */
  readonly members: ReadonlyArray<CandidateId>
  /** Since when each member, at the same index, has been in the set. */
  readonly memberSinceUs: ReadonlyArray<number>
  /** Challengers that were better by the margin, and in how many evaluations with a newer entry. */
  readonly challenges: ReadonlyArray<Challenge>
  /** Members that left because nothing was heard of them, the latest last, and when they are too old to serve. */
  readonly stale: ReadonlyArray<CandidateId>
  readonly staleDueUs: number
  readonly evaluateDueUs: number
  readonly selectedAtUs: number
  /** When its empty set was filled last: by the first to answer. */
  readonly filledAtUs: number
  readonly roundDueUs: number
  /** Since when its first round of probes is under way; -1 when it is over. */
  readonly preheatSinceUs: number
  /** Listed candidates that have neither answered nor failed. */
  readonly unsampled: number
  /** Those of them that were not even tried for a short time: the first round is over when it is 0. */
  readonly untried: number
  /** Whether a session through it ever got a byte: one-way protocols exist. */
  readonly answered: boolean
  /** Usual time from client bytes to the first upstream byte, in ms. */
  readonly firstByte: Ewma
  /** Silence after client bytes that sessions tell, in ms; follows the usual time in steps, as routes carry it. */
  readonly silentAfterMs: number
  /** The query under way for the addresses of `host` (0: none), and when the next is due. */
  readonly resolve: number
  readonly resolveDueUs: number
  /** Candidates that have a shelf of warm sockets. */
  readonly warmPools: ReadonlyArray<CandidateId>
  /** Open and half-open breakers among its listed candidates. */
  readonly shut: number
  /** Answers of the resolver in a row to which some server contributed nothing. */
  readonly partial: number
  /** Whom `access` kept out when that was told last, for each source that names such addresses. */
  readonly refused: ReadonlyArray<Refused>
  /** Candidates that earlier runs knew and nobody has heard of yet, the best first: they serve while nobody else can. */
  readonly priors: ReadonlyArray<CandidateId>
  /** When one of them serves no longer, or history names somebody no longer. */
  readonly priorsDueUs: number
  /** When one of its candidates answered last, to the second. */
  readonly heardAtUs: number
  /** Since the first failure after its last success; null: nothing is wrong. See reducers/commonCause.ts. */
  readonly trouble: Trouble | null
  /** The end of its last common cause: failures of handshakes that began before say nothing. -1: there was none. */
  readonly returnedAtUs: number
  /** Members that left the set because they failed: when they are back, neither hold nor margin keeps them out. */
  readonly displaced: ReadonlyArray<CandidateId>
  /** The latest use of one that is found on first use; -1: none, or it is preheated. */
  readonly usedAtUs: number
  /** The race under way for its first answer; -1: it waits for the resolver, 0: there is none. */
  readonly race: number
  /** Until when its races are those of a search (search.ts), and how far its list was searched; -1: no client had it searched. */
  readonly searchUntilUs: number
  readonly searched: number
  /** Until when clients go down the ladder at once, as nobody could be found; -1: they may ask. */
  readonly pausedUntilUs: number
  /** When members and challengers are measured before they expire; -1: rounds come often enough for that. */
  readonly renewDueUs: number
  /** The last answer of any candidate, to the second, or when it began, was used again or was to be refreshed after that. -1: never. */
  readonly unheardSinceUs: number
  /** Since when the resolver names no usable address; -1: its last answer did. */
  readonly unresolvedSinceUs: number
}

export interface Refused {
  readonly source: Source | "last-resort"
  readonly count: number
  /** The first of them. */
  readonly hosts: ReadonlyArray<string>
}

export interface Challenge {
  readonly candidate: CandidateId
  /** Evaluations in a row in which it was better by its outlook, and by its cost. */
  readonly count: number
  readonly standing: number
  /** Of the entry that was counted last. */
  readonly windowAtUs: number
}

/** A time in which candidates fail and none of them has succeeded. */
export interface Trouble {
  /** The entry with which it began: its name. */
  readonly seq: number
  /** The first failure, or sign of one. */
  readonly sinceUs: number
  /** Candidates that could serve then: the members, then the next by cost. */
  readonly order: ReadonlyArray<CandidateId>
  /** Failures heard of since. */
  readonly failures: number
  /** Handshakes fail. Where only sessions do, a handshake proves nothing: an upstream byte does. */
  readonly byConnect: boolean
  /** Whether the rest of the order was asked for a sample. */
  readonly asked: boolean
  /** When every candidate of the order had failed; -1: some may still be well. */
  readonly commonAtUs: number
  /** The next trials while it lasts, which of the order is next, and how many trials with a client there were. */
  readonly trialDueUs: number
  readonly turn: number
  readonly clientTrials: number
  readonly clientTrialDueUs: number
  readonly set: SelectedSet
}

/** The set of an upstream as it was before a trouble. */
export interface SelectedSet {
  readonly members: ReadonlyArray<CandidateId>
  readonly memberSinceUs: ReadonlyArray<number>
  readonly challenges: ReadonlyArray<Challenge>
  readonly stale: ReadonlyArray<CandidateId>
  readonly staleDueUs: number
  readonly selectedAtUs: number
}
