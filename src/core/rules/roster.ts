/**
 * Roster: the candidates of one source are brought in line with the addresses that it names.
 *
 * - A new address joins. A known candidate gets one more source: the same address from two sources is one candidate. A
 *   candidate that a source no longer names loses this source.
 * - A candidate without a source has left: it gets no new client, probe or warm socket. Its sessions continue. Its
 *   record stays for `staleFor`, so that a returning address is known. Then it is forgotten, once nothing depends on
 *   it.
 * - Its breaker stays as it was. A candidate that returns while it is shut waits for its trial, which is due as before,
 *   or at once if that time has passed.
 * - Addresses that `access` refuses are treated as if no source named them (admission.ts).
 * - A candidate with only the source `fallback` is a spare. Clients on that rung of the ladder dial it. It has no
 *   probe, warm socket, breaker, or place in the set.
 * - New candidates wait in the backlog of the probe queue, so each is probed once as soon as the budget allows. Those
 *   of an upstream on demand wait for its race or its rounds.
 * - At most `maxCandidates` are taken in, spares apart. Departed candidates give way first, the oldest before the
 *   others.
 * - A removed upstream forgets each departed candidate as soon as nothing depends on it. After the last one its slot is
 *   free.
 *
 * Ids are minted: slot in the vector plus 2^20 times a generation that only grows, so none is ever reused.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Identity from "../candidate/identity.ts"
import * as Lifetime from "../candidate/lifetime.ts"
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import { unjudged } from "../candidate/unjudged.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import * as Vector from "../data/Vector.ts"
import type { Candidate, CandidateId, Source, UpstreamId } from "../model/Candidate.ts"
import { SLOTS } from "../model/Candidate.ts"
import type { Address } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import { AT_ONCE_US } from "../deadline.ts"
import { newCandidate, newUpstream } from "../initial.ts"
import { configure } from "../slots.ts"
import * as Lists from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"
import { screen } from "./admission.ts"
import { close } from "./closeBreaker.ts"

/** How much later a departed record is looked at again while something depends on it. */
const LINGER_US = 60_000_000
/** The same for a removed upstream: another name may wait for its slot. */
const REMOVED_LINGER_US = 1_000_000

interface Moved {
  readonly before: Candidate
  readonly after: Candidate
}

export function merge(
  state: State,
  step: Step,
  id: UpstreamId,
  source: Source,
  named: ReadonlyArray<Address>
): State {
  const { state: screened, admitted } = screen(state, step, id, source, named)
  return brought(screened, step, id, source, admitted)
}

function brought(
  state: State,
  step: Step,
  id: UpstreamId,
  source: Source,
  addresses: ReadonlyArray<Address>
): State {
  const known = knownTo(state, id)
  const named = new Set<CandidateId>()
  for (const address of addresses) {
    const one = known.get(nameOf(address))
    if (one !== undefined) named.add(one)
  }
  const moved: Array<Moved> = []
  let next = state
  for (const one of named) next = resource(next, step, one, source, true, moved)
  for (const one of known.values()) if (!named.has(one)) next = resource(next, step, one, source, false, moved)
  next = relist(next, id, moved)
  const added: Array<CandidateId> = []
  next = admitAll(next, step, id, source, addresses, known, added)
  if (source === "fallback") next = withFallback(next, id, addresses, known)
  const spare = source === "fallback"
  const joined = [...moved.filter(({ after }) => Candidates.isListed(after)).map(idOf), ...(spare ? [] : added)]
  const left = moved.filter(({ before }) => Candidates.isListed(before)).map(idOf)
  if (next !== state) markDirty(step, id)
  if (joined.length === 0 && left.length === 0) return next
  requestProbes(step)
  if (step.event._tag !== "Started") decide(step, { _tag: "MembershipChanged", upstream: id, joined, left })
  return letOneIn(next, step, id)
}

function idOf({ after }: Moved): CandidateId {
  return after.id
}

/** All candidates by address. Listed ones come last, so that each wins over a departed record of the same address. */
function knownTo(state: State, id: UpstreamId): Map<string, CandidateId> {
  const { left, fallback, listed } = Upstreams.find(state, id) as Upstream
  const known = new Map<string, CandidateId>()
  for (const one of [...left, ...fallback, ...listed]) {
    const candidate = Candidates.find(state, one)
    if (candidate !== undefined) known.set(nameOf(candidate), one)
  }
  return known
}

/** When all listed candidates are shut, the one with the earliest trial is let in: one must be left to try. */
function letOneIn(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  if (!Lists.isAllShut(upstream)) return state
  const shut = Candidates.among(state, upstream.listed)
  const one = shut.reduce((a, b) => (b.breaker.trialDueUs < a.breaker.trialDueUs ? b : a))
  const next = close(state, step, one)
  const closed = Candidates.find(next, one.id) as Candidate
  return Candidates.replace(next, closed, Queue.urgent(closed, step.at))
}

function nameOf({ host, port }: Address): string {
  return `${host} ${port}`
}

/** Gives a source or takes it away. `moved` gets the candidate if it became listed, a spare or departed by that. */
function resource(
  state: State,
  step: Step,
  id: CandidateId,
  source: Source,
  has: boolean,
  moved: Array<Moved>
): State {
  const before = Candidates.find(state, id) as Candidate
  if (before.sources.includes(source) === has) return state
  const same = Lifetime.named(before, source, has)
  if (standing(same) === standing(before)) return Candidates.replace(state, before, same)
  const after = settled(state, step, before, same)
  moved.push({ before, after })
  return Candidates.replace(state, before, after)
}

function standing(candidate: Candidate): "listed" | "spare" | "left" {
  return Candidates.isListed(candidate) ? "listed" : candidate.sources.length > 0 ? "spare" : "left"
}

/** The candidate in its new standing. One that is listed no more has its breaker and suspicions settled. */
function settled(state: State, step: Step, before: Candidate, known: Candidate): Candidate {
  // A candidate that is not listed is not checked: when it returns, it proves its identity anew.
  const same = Identity.forgotten(known)
  const { upstream, breaker } = same
  if (standing(same) === "listed") {
    const back = Lifetime.forgetDue(same, -1)
    if (!Upstreams.isOn(state, upstream)) return unjudged(back)
    const waits = Upstreams.isPreheated(state, upstream) && same.probe === 0 && breaker.state === "closed"
    return Suspicion.watched(waits ? Queue.queued(back, "backlog", step.at) : back)
  }
  const { staleForMs, removed } = Upstreams.configOf(state, upstream)
  const leaves = standing(same) === "left"
  const gone = Lifetime.forgetDue(same, leaves ? step.at + (removed ? AT_ONCE_US : staleForMs * 1000) : -1)
  if (standing(before) !== "listed") return gone
  return Queue.dequeued(Suspicion.unsuspected(Breaker.untried(gone, step.at)))
}

/** Changes the upstream's lists, for all candidates at once: otherwise each would copy a list. */
function relist(state: State, id: UpstreamId, moved: ReadonlyArray<Moved>): State {
  if (moved.length === 0) return state
  const upstream = Upstreams.find(state, id) as Upstream
  const ids = new Set(moved.map(idOf))
  const stay = (one: CandidateId) => !ids.has(one)
  const now = (is: ReturnType<typeof standing>) => moved.filter(({ after }) => standing(after) === is).map(idOf)
  let { unsampled, untried, shut } = upstream
  for (const { before, after } of moved) {
    for (const [one, sign] of [[before, -1], [after, 1]] as const) {
      if (!Candidates.isListed(one)) continue
      if (one.lastSampleAtUs < 0) unsampled += sign
      if (Candidates.isUntried(one)) untried += sign
      if (one.breaker.state !== "closed") shut += sign
    }
  }
  const listed = [...upstream.listed.filter(stay), ...now("listed")]
  const left = [...upstream.left.filter(stay), ...now("left")]
  return Upstreams.replace(state, upstream, Lists.relisted(upstream, { listed, left, unsampled, untried, shut }))
}

/** Adds unknown addresses as candidates, as far as there is room. */
function admitAll(
  state: State,
  step: Step,
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
    const admitted = admit(room, id, nextOrdinal + added.length, address, source, step.at)
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

function withFallback(
  state: State,
  id: UpstreamId,
  addresses: ReadonlyArray<Address>,
  known: ReadonlyMap<string, CandidateId>
): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const fallback = [...new Set(addresses.map((address) => known.get(nameOf(address)) as CandidateId))]
  const same = fallback.length === upstream.fallback.length && fallback.every((one, i) => one === upstream.fallback[i])
  return same ? state : Upstreams.replace(state, upstream, Lists.withFallback(upstream, fallback))
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

/** Forgets a departed candidate after its time, or looks again later while something depends on it. */
export function forget(state: State, step: Step, id: CandidateId): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return state
  if (isFree(candidate)) return vacate(remove(state, candidate), step, candidate.upstream)
  const lingerUs = Candidates.configOf(state, candidate).removed ? REMOVED_LINGER_US : LINGER_US
  return Candidates.replace(state, candidate, Lifetime.forgetDue(candidate, step.at + lingerUs))
}

/** Whether nothing depends on the candidate any more. */
function isFree(candidate: Candidate): boolean {
  return Candidates.connectionsOf(candidate) === 0 && candidate.probe === 0 && Warm.socketsOf(candidate) === 0
}

function remove(state: State, candidate: Candidate): State {
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
