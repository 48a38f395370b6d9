/**
 * Forgetting: when the record of a departed candidate ends.
 *
 * - A candidate without a source has left. Its record stays for `staleFor`, so that a returning address is known. Then it
 *   is forgotten, once nothing depends on it: no session, probe or warm socket.
 * - A removed upstream forgets each departed candidate as soon as nothing depends on it. After the last one its slot is
 *   free.
 */
import * as Lifetime from "../candidate/lifetime.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import * as Vector from "../data/Vector.ts"
import { newUpstream } from "../initial.ts"
import type { Candidate, CandidateId, UpstreamId } from "../model/Candidate.ts"
import { SLOTS } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { markDirty } from "../requests.ts"
import { configure } from "../slots.ts"
import * as Lists from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

/** How much later a departed record is looked at again while something depends on it. */
const LINGER_US = 60_000_000
/** The same for a removed upstream: another name may wait for its slot. */
const REMOVED_LINGER_US = 1_000_000

/** Forgets a departed candidate after its time, or looks again later while something depends on it. */
export function forget(state: State, step: Step, id: CandidateId): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return state
  if (isFree(candidate)) return vacate(remove(state, candidate), step, candidate.upstream)
  const lingerUs = Candidates.configOf(state, candidate).removed ? REMOVED_LINGER_US : LINGER_US
  return Candidates.replace(state, candidate, Lifetime.forgetDue(candidate, step.at + lingerUs))
}

/** Whether nothing depends on the candidate any more. */
export function isFree(candidate: Candidate): boolean {
  return Candidates.connectionsOf(candidate) === 0 && candidate.probe === 0 && Warm.socketsOf(candidate) === 0
}

export function remove(state: State, candidate: Candidate): State {
  const slot = candidate.id % SLOTS
  const upstream = Upstreams.find(state, candidate.upstream) as Upstream
  const next: State = {
    ...state,
    candidates: Vector.set(state.candidates, slot, null),
    freeSlots: [...state.freeSlots, slot],
    index: Candidates.reindex(state.index, candidate, null)
  }
  return Upstreams.replace(next, upstream, Lists.withoutLeft(upstream, candidate.id))
}

/** Frees the slot of a removed upstream on which nothing depends any more. */
export function vacate(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const configured = Upstreams.configOf(state, id)
  if (!configured.removed || configured.name === "" || upstream.listed.length + upstream.left.length > 0) return state
  markDirty(step, id)
  return Upstreams.replace(configure(state, id, { ...configured, name: "", onDemand: false }), upstream, newUpstream(id, ""))
}
