/** The first state, its snapshot, and the index that is derived from it. */
import { reindex } from "./candidates.ts"
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import { COOLDOWN, PULSE, reschedule } from "./deadline.ts"
import * as Rng from "./math/Rng.ts"
import type { Candidate } from "./model/Candidate.ts"
import type { Config } from "./model/Config.ts"
import type { Index, Minted, ProbingState, State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { slotsOf } from "./slots.ts"
import { noFailedRounds, noOutage } from "./initial.ts"
import * as Upstreams from "./upstreams.ts"

/** Everything of a state that is not derived. `candidates` and `upstreams` are plain arrays; null marks a free number. */
export interface Snapshot {
  readonly seq: number
  readonly at: number
  readonly override: State["override"]
  readonly wall: State["wall"]
  readonly rng: Rng.Rng
  readonly minted: Minted
  readonly freeSlots: ReadonlyArray<number>
  readonly probing: ProbingState
  readonly warmTotal: number
  readonly wantsRoom: State["wantsRoom"]
  readonly clients: State["clients"]
  readonly remembered: State["remembered"]
  readonly outage: State["outage"]
  readonly autoDisable: State["autoDisable"]
  readonly routesVersion: number
  readonly pruneDueUs: number
  readonly upstreams: ReadonlyArray<Upstream>
  readonly candidates: ReadonlyArray<Candidate | null>
}

const EMPTY_INDEX: Index = {
  deadlines: Ordered.empty,
  probeQueue: Ordered.empty,
  rankings: Vector.empty(),
  stalest: Vector.empty(),
  impostors: Vector.empty(),
  recency: Ordered.empty,
  slots: slotsOf({ upstreams: [] })
}

/**
 * The state before the first entry. After a restart of the core `minted` continues the counters, so that no id comes twice.
 */
export function initial(
  config: Config,
  seed: number,
  minted: Minted = { probe: 1, warm: 1, resolve: 1, generation: 1 }
): State {
  return {
    config,
    seq: -1,
    at: 0,
    override: null,
    wall: { ms: 0, atUs: 0 },
    rng: Rng.make(seed),
    minted,
    upstreams: Vector.empty(),
    candidates: Vector.empty(),
    freeSlots: [],
    probing: { inFlight: [], tatUs: 0, gateDueUs: -1 },
    warmTotal: 0,
    wantsRoom: [],
    clients: { first: null, several: false },
    remembered: { records: [], network: "", wallMs: 0, atUs: 0 },
    outage: noOutage,
    autoDisable: noFailedRounds,
    routes: { version: 0, upstreams: [] },
    index: { ...EMPTY_INDEX, slots: slotsOf(config) },
    pruneDueUs: -1
  }
}

/** The part of a snapshot that stays small for any number of candidates. */
export function snapshotHead(state: State): Omit<Snapshot, "candidates" | "upstreams"> {
  const { seq, at, override, wall, rng, minted, freeSlots, probing, warmTotal, wantsRoom, clients } = state
  const { remembered, outage, autoDisable, pruneDueUs, routes: { version: routesVersion } } = state
  return {
    ...{ seq, at, override, wall, rng, minted, freeSlots, probing, warmTotal, wantsRoom, clients, remembered },
    outage,
    autoDisable,
    routesVersion,
    pruneDueUs
  }
}

export function snapshotOf(state: State): Snapshot {
  return {
    ...snapshotHead(state),
    upstreams: Vector.toArray(state.upstreams),
    candidates: Vector.toArray(state.candidates)
  }
}

type Indexed = Pick<State, "config" | "upstreams" | "candidates" | "probing" | "outage" | "autoDisable" | "pruneDueUs">

/** The derived index, from scratch. */
export function indexOf(state: Indexed): Index {
  const trees = Array.from({ length: state.upstreams.length }, () => Ordered.empty)
  const each = Vector.fromArray(trees)
  let index: Index = { ...EMPTY_INDEX, rankings: each, stalest: each, impostors: each }
  for (const candidate of Vector.toArray(state.candidates)) {
    if (candidate !== null) index = reindex(index, null, candidate)
  }
  for (const upstream of Vector.toArray(state.upstreams)) index = Upstreams.reindex(index, null, upstream)
  let deadlines = reschedule(index.deadlines, "gate", 0, -1, state.probing.gateDueUs)
  deadlines = reschedule(deadlines, "outage", PULSE, -1, state.outage.pulseDueUs)
  deadlines = reschedule(deadlines, "outage", COOLDOWN, -1, state.autoDisable.untilUs)
  deadlines = reschedule(deadlines, "prune", 0, -1, state.pruneDueUs)
  return { ...index, deadlines, slots: slotsOf(state.config) }
}
