/**
 * All the core remembers: one plain record, structurally shared. `index` is derived from the rest (rebuilt on restore, left
 * out of snapshots and digests).
 */
import type { Ordered } from "../data/Ordered.ts"
import type { Vector } from "../data/Vector.ts"
import type { Rng } from "../math/Rng.ts"
import type { Candidate, CandidateId, UpstreamId } from "./Candidate.ts"
import type { Config } from "./Config.ts"
import type { Remembered } from "./History.ts"
import type { AutoDisable, OutageState } from "./Outage.ts"
import type { Routes } from "./Routes.ts"
import type { Upstream } from "./Upstream.ts"

export interface State {
  readonly config: Config
  /** An operator's wish about `enabled`, until restart or reload; null: none. */
  readonly override: boolean | null
  /** Of the last entry; -1 before the first. */
  readonly seq: number
  readonly at: number
  /** The last wall time heard, in ms, and when, in µs of the monotonic clock. */
  readonly wall: { readonly ms: number; readonly atUs: number }
  readonly rng: Rng
  readonly minted: Minted
  readonly upstreams: Vector<Upstream>
  readonly candidates: Vector<Candidate | null>
  readonly freeSlots: ReadonlyArray<number>
  readonly probing: ProbingState
  /** Warm sockets over all candidates, parked and connecting. */
  readonly warmTotal: number
  /** Upstreams with a shelf that found no room below `poolTotal`, the longest waiting first. */
  readonly wantsRoom: ReadonlyArray<UpstreamId>
  /** The first client address seen (-1: none), and whether there was another one. */
  readonly clients: { readonly first: number; readonly several: boolean }
  /** What earlier runs left. */
  readonly remembered: Remembered
  readonly outage: OutageState
  readonly autoDisable: AutoDisable
  readonly routes: Routes
  readonly index: Index
  /** When is looked for names that nobody uses any more; -1: there are no such names. */
  readonly pruneDueUs: number
}

/** Counters that ids come from; none is ever reused, not even after the core restarted. */
export interface Minted {
  readonly probe: number
  readonly warm: number
  readonly resolve: number
  /** Generation of the next candidate. */
  readonly generation: number
}

export interface ProbingState {
  /** Probes under way, at most `maxParallel`. */
  readonly inFlight: ReadonlyArray<ProbeInFlight>
  /** Theoretical arrival time of the rate limit (GCRA), in µs. */
  readonly tatUs: number
  /** When the rate limit lets the next one through, -1 when nobody waits for that. */
  readonly gateDueUs: number
}

export interface ProbeInFlight {
  readonly probe: number
  /** Below 0: the reference at place -1 - candidate, which is asked whether the network works at all. */
  readonly candidate: CandidateId
  readonly host: string
  readonly worker: number
  /** It waits for a short time only, and its silence is no sample: see brief.ts. */
  readonly isBrief: boolean
}

export interface Index {
  /** (moment in µs, what is due): see deadline.ts. */
  readonly deadlines: Ordered
  /** (moment of joining in µs, candidate): who waits for a probe. */
  readonly probeQueue: Ordered
  /** For each upstream: measured, unexpired candidates by (cost, id). */
  readonly rankings: Vector<Ordered>
  /** For each upstream: candidates neither queued nor being probed, by (last sample or probe, id). */
  readonly stalest: Vector<Ordered>
  /** For each upstream: listed candidates whose identity failed, by (when, id). */
  readonly impostors: Vector<Ordered>
  /** (latest use in µs, upstream): those that are found on first use. */
  readonly recency: Ordered
  readonly slots: Slots
}

/** The upstreams of the configuration by what stands at their places: see slots.ts. */
export interface Slots {
  /** (digest of the host and port, upstream): those that can be asked for by them. */
  readonly domains: Ordered
  /** (0, upstream): places without a name. */
  readonly free: Ordered
  /** Names that clients asked for and that are kept. */
  readonly demanded: number
}
