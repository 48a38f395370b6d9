/**
 * All that the core remembers, as one plain record. An event makes a new record that shares its unchanged parts with the old
 * one.
 *
 * `index` follows from the rest: snapshots and digests leave it out, and a restore rebuilds it.
 */
import type { Ordered } from "../data/Ordered.ts"
import type { Vector } from "../data/Vector.ts"
import type { Rng } from "../math/Rng.ts"
import type { Candidate, ProbeTarget, UpstreamId } from "./Candidate.ts"
import type { Config } from "./Config.ts"
import type { Remembered } from "./History.ts"
import type { AutoDisable, OutageState } from "./Outage.ts"
import type { Routes } from "./Routes.ts"
import type { Upstream } from "./Upstream.ts"

export interface State {
  readonly config: Config
  /** The operator's wish about `enabled`, which lasts until a restart or reload; null: none. */
  readonly override: boolean | null
  /** `seq` of the last entry; -1 before the first one. */
  readonly seq: number
  /** Moment of the last entry, in µs of the monotonic clock. */
  readonly at: number
  /** The last reading of the wall clock, in ms since 1970, and its moment on the monotonic clock. */
  readonly wall: { readonly ms: number; readonly atUs: number }
  readonly rng: Rng
  readonly minted: Minted
  /** By id. */
  readonly upstreams: Vector<Upstream>
  /** By slot; null: the slot is free. */
  readonly candidates: Vector<Candidate | null>
  readonly freeSlots: ReadonlyArray<number>
  readonly probing: ProbingState
  /** Warm sockets of all candidates, connected or being dialled. */
  readonly warmTotal: number
  /** Upstreams with warm pools that found no room below `poolTotal`, the longest wait first. */
  readonly wantsRoom: ReadonlyArray<UpstreamId>
  /** The number of the first client address that was seen (null: none was), and whether there was a second one. */
  readonly clients: { readonly first: number | null; readonly several: boolean }
  /** What earlier runs measured. */
  readonly remembered: Remembered
  readonly outage: OutageState
  readonly autoDisable: AutoDisable
  readonly routes: Routes
  readonly index: Index
  /** When the core next looks for hosts on demand that no client uses; -1: there are no such hosts. */
  readonly pruneDueUs: number
}

/** Counters of ids. No id is ever used twice, not even after a restart of the core. */
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
  /** Theoretical arrival time of the rate limit on probes (GCRA), in µs. */
  readonly tatUs: number
  /** When the rate limit admits the next probe; -1: no candidate waits for that. */
  readonly gateDueUs: number
}

export interface ProbeInFlight {
  readonly probe: number
  readonly candidate: ProbeTarget
  /** The number of the reference in `outage.connectivity`. Absent: it is a probe of a candidate. */
  readonly reference?: number
  readonly host: string
  readonly worker: number
  /** true: a short try. Its silence is no sample (rules/brief.ts). */
  readonly isBrief: boolean
}

/** Ordered sets, so that no lookup has to search the state. */
export interface Index {
  /** (moment in µs, what is due): see deadline.ts. */
  readonly deadlines: Ordered
  /** (moment of joining in µs, candidate): candidates that wait for a probe. */
  readonly probeQueue: Ordered
  /** For each upstream: measured candidates that have not expired, by (cost, id). */
  readonly rankings: Vector<Ordered>
  /** For each upstream: candidates that neither wait for a probe nor have one under way, by (last sample or probe, id). */
  readonly stalest: Vector<Ordered>
  /** For each upstream: listed candidates that failed to prove their identity, by (moment, id). */
  readonly impostors: Vector<Ordered>
  /** (last use in µs, upstream): upstreams that are found on first use. */
  readonly recency: Ordered
  readonly slots: Slots
}

/** Slots of the configured upstreams: see slots.ts. */
export interface Slots {
  /** (digest of host and port, upstream): upstreams that a client can name by host and port. */
  readonly domains: Ordered
  /** (0, upstream): slots without a name. */
  readonly free: Ordered
  /** Hosts that clients asked for and that no configuration names. */
  readonly demanded: number
}
