/**
 * Joining: unknown addresses become candidates, as far as there is room.
 *
 * - At most `maxCandidates` are taken in, spares apart. Departed candidates give way first, the oldest before the others.
 * - New candidates wait in the backlog of the probe queue, so each is probed once as soon as the budget allows. Those of an
 *   upstream on demand wait for its race or its rounds.
 * - Ids are minted: slot in the vector plus 2^20 times a generation that only grows, so none is ever reused.
 */
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import * as Vector from "../data/Vector.ts"
import { newCandidate } from "../initial.ts"
import type { CandidateId, Source, UpstreamId } from "../model/Candidate.ts"
import { SLOTS } from "../model/Candidate.ts"
import type { Address } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Upstream } from "../model/Upstream.ts"
import * as Lists from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"
import { isFree, remove } from "./forgetting.ts"

/** The text by which the addresses of a source are compared. */
export function nameOf({ host, port }: Address): string {
  return `${host} ${port}`
}

/** Adds unknown addresses as candidates, as far as there is room. */
export function admitAll(
  state: State,
  atUs: number,
  id: UpstreamId,
  source: Source,
  addresses: ReadonlyArray<Address>,
  known: Map<string, CandidateId>,
  added: Array<CandidateId>
): State {
  const { nextOrdinal } = Upstreams.find(state, id) as Upstream
  let next = state
  for (const address of addresses) {
    if (known.has(nameOf(address))) continue
    const room = source === "fallback" ? next : makeRoom(next, id, added.length)
    if (room === undefined) continue
    const admitted = admit(room, id, nextOrdinal + added.length, address, source, atUs)
    next = admitted.state
    known.set(nameOf(address), admitted.id)
    added.push(admitted.id)
  }
  if (added.length === 0) return next
  const upstream = Upstreams.find(next, id) as Upstream
  const isSpare = source === "fallback"
  const grown = isSpare ? Lists.withSpares(upstream, added.length) : Lists.withListed(upstream, added)
  return Upstreams.replace(next, upstream, grown)
}

/** A state with room for one more candidate; undefined when there is none. */
function makeRoom(state: State, id: UpstreamId, added: number): State | undefined {
  const upstream = Upstreams.find(state, id) as Upstream
  const listed = upstream.listed.length + added
  if (listed >= state.config.maxCandidates) return undefined
  if (listed + upstream.left.length < state.config.maxCandidates) return state
  const oldest = Candidates.among(state, upstream.left).find(isFree)
  return oldest === undefined ? undefined : remove(state, oldest)
}

/** Makes one candidate and mints its id. Its upstream lists it later. */
function admit(state: State, id: UpstreamId, ordinal: number, address: Address, source: Source, atUs: number) {
  const freed = state.freeSlots[state.freeSlots.length - 1]
  const slot = freed ?? state.candidates.length
  // A used slot gets a generation that no id has had yet.
  const generation = state.minted.generation + (freed === undefined ? 0 : 1)
  const { identity } = Upstreams.configOf(state, id)
  const born = newCandidate(generation * SLOTS + slot, id, ordinal, address, source, atUs, identity)
  const waits = Candidates.isListed(born) && Upstreams.isPreheated(state, id)
  const candidate = waits ? born : Queue.dequeued(born)
  const admitted: State = {
    ...state,
    minted: { ...state.minted, generation },
    freeSlots: freed === undefined ? state.freeSlots : state.freeSlots.slice(0, -1),
    candidates: freed === undefined
      ? Vector.push(state.candidates, candidate)
      : Vector.set(state.candidates, slot, candidate),
    index: Candidates.reindex(state.index, null, candidate)
  }
  return { state: admitted, id: candidate.id }
}
