/**
 * Membership: which candidates an upstream has.
 *
 * `Started` creates the upstreams of the configuration and, for each, one candidate per address of its user-static list in
 * configured order. The same address listed twice is one candidate (the first mention counts). Everything about sockets is
 * forgotten on `Started`: no probe is under way, no client is connected; what was measured stays, if the state was restored.
 * New candidates wait in the backlog of the probe queue, so each is probed once as soon as the budget allows.
 *
 * Ids are minted: slot in the vector plus 2^20 times a generation that only grows, so none is ever reused.
 */
import { reindex } from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import * as Ewma from "../math/Ewma.ts"
import * as SuccessWindow from "../math/SuccessWindow.ts"
import type { Candidate, CandidateId, Source, UpstreamId } from "../model/Candidate.ts"
import { SLOTS } from "../model/Candidate.ts"
import type { Address, UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { indexOf } from "../state.ts"

export function membership(state: State, step: Step): State {
  if (step.event._tag !== "Started") return state
  let next = forgetSockets(state, step.at)
  for (let id = 0; id < next.config.upstreams.length; id++) {
    step.touched.add(id)
    if (id >= next.upstreams.length) next = join(next, id, next.config.upstreams[id] as UpstreamConfig, step.at)
  }
  return next
}

/** A new process holds none of the sockets that a restored state speaks of. */
function forgetSockets(state: State, atUs: number): State {
  if (state.candidates.length === 0) return state
  const candidates = Vector.fromArray(
    Vector.toArray(state.candidates).map((candidate) =>
      candidate === null ? null : { ...candidate, probe: 0, connections: [], queue: "backlog" as const, queuedAtUs: atUs }
    )
  )
  const probing = { ...state.probing, inFlight: [] }
  return { ...state, candidates, probing, index: indexOf({ ...state, candidates, probing }) }
}

function join(state: State, id: UpstreamId, config: UpstreamConfig, atUs: number): State {
  let next: State = {
    ...state,
    upstreams: Vector.push(state.upstreams, fresh(id, config.name)),
    index: {
      ...state.index,
      rankings: Vector.push(state.index.rankings, Ordered.empty),
      stalest: Vector.push(state.index.stalest, Ordered.empty)
    }
  }
  const listed: Array<CandidateId> = []
  const seen = new Set<string>()
  for (const address of config.candidates) {
    const name = `${address.host} ${address.port}`
    if (seen.has(name)) continue
    seen.add(name)
    const added = admit(next, id, listed.length + 1, address, "user-static", atUs)
    next = added.state
    listed.push(added.id)
  }
  const upstream: Upstream = {
    ...fresh(id, config.name),
    listed,
    nextOrdinal: listed.length + 1,
    unsampled: listed.length
  }
  return { ...next, upstreams: Vector.set(next.upstreams, id, upstream) }
}

/** Adds one candidate and mints its id. */
function admit(state: State, upstream: UpstreamId, ordinal: number, address: Address, source: Source, atUs: number) {
  const freed = state.freeSlots[state.freeSlots.length - 1]
  const slot = freed ?? state.candidates.length
  // A slot that had an owner before gets a generation that no id has had yet.
  const generation = state.minted.generation + (freed === undefined ? 0 : 1)
  const id = generation * SLOTS + slot
  const candidate = unmeasured(id, upstream, ordinal, address, source, atUs)
  const added: State = {
    ...state,
    minted: { ...state.minted, generation },
    freeSlots: freed === undefined ? state.freeSlots : state.freeSlots.slice(0, -1),
    candidates: freed === undefined
      ? Vector.push(state.candidates, candidate)
      : Vector.set(state.candidates, slot, candidate),
    index: reindex(state.index, null, candidate)
  }
  return { state: added, id }
}

function fresh(id: UpstreamId, name: string): Upstream {
  return {
    id,
    name,
    listed: [],
    nextOrdinal: 1,
    members: [],
    evaluatedAtUs: -1,
    evaluateDueUs: -1,
    selectedAtUs: -1,
    roundDueUs: -1,
    unsampled: 0
  }
}

function unmeasured(
  id: CandidateId,
  upstream: UpstreamId,
  ordinal: number,
  { host, port }: Address,
  source: Source,
  atUs: number
): Candidate {
  return {
    id,
    upstream,
    ordinal,
    host,
    port,
    source,
    latency: Ewma.empty,
    jitter: Ewma.empty,
    success: SuccessWindow.empty,
    penalty: Ewma.empty,
    streak: 0,
    gathered: [],
    lastEntryAtUs: -1,
    entryDueUs: -1,
    lastSampleAtUs: -1,
    lastSampleOk: false,
    expireDueUs: -1,
    costMs: -1,
    probe: 0,
    probedAtUs: -1,
    queue: "backlog",
    queuedAtUs: atUs,
    connections: []
  }
}
