/**
 * Membership: which candidates an upstream has, and from where.
 *
 * - `Started` creates the upstreams of the configuration and merges each user-static list. Everything about sockets is
 *   forgotten: nothing is under way, nobody is connected, no warm socket is left; what was measured stays, if the state was
 *   restored.
 * - An upstream with a `host` asks the resolver at start and each `dns.refresh`, and merges every answer that names
 *   somebody; after a failure or an empty answer the list stands, and it asks again after 5 s.
 * - Merging a source: an address it names and nobody has joins; one that somebody has gets one more source (the same
 *   address from two sources is one candidate); one that it no longer names loses the source. Who has no source left has
 *   left: no new client, no probe, no warm socket; sessions go on. Its record is kept for `staleFor`, so that an address
 *   that comes back is known, and then forgotten, once nothing hangs on it. Its breaker stays as it was: one that comes back
 *   while it is shut out waits for its trial, which is due as before or, if that has passed, at once.
 * - New candidates wait in the backlog of the probe queue, so each is probed once as soon as the budget allows.
 * - More than `maxCandidates` are not taken in; those that left give way first, the oldest before the others.
 *
 * Ids are minted: slot in the vector plus 2^20 times a generation that only grows, so none is ever reused.
 */
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import type { BreakerState, Candidate, CandidateId, Source, UpstreamId } from "../model/Candidate.ts"
import { SLOTS } from "../model/Candidate.ts"
import type { Address } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { emptyShelf, newCandidate, newUpstream, noSuspicion } from "../newborn.ts"
import { indexOf } from "../state.ts"
import * as Upstreams from "../upstreams.ts"
import { close } from "./breaker.ts"
import { watched } from "./suspicion.ts"

const RETRY_US = 5_000_000
/** How much later a record is looked at again on which something still hangs. */
const LINGER_US = 60_000_000

export function membership(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    if (kind === "resolve") next = ask(next, step, id)
    if (kind === "forget") next = forget(next, step, id)
  }
  const { event } = step
  switch (event._tag) {
    case "Started":
      return start(next, step)
    case "Resolved":
    case "ResolveFailed":
      return answered(next, step, event.upstream, event.resolve, event._tag === "Resolved" ? event.addresses : [])
    default:
      return next
  }
}

function start(state: State, step: Step): State {
  let next = forgetSockets(state, step.at)
  next.config.upstreams.forEach((config, id) => {
    step.touched.add(id)
    if (id >= next.upstreams.length) next = create(next, id)
    next = merge(next, step, id, "user-static", config.candidates)
    if (config.host !== "") next = ask(next, step, id)
  })
  return next
}

/** A new process holds none of the sockets that a restored state speaks of. */
function forgetSockets(state: State, atUs: number): State {
  if (state.candidates.length === 0) return state
  const candidates = Vector.fromArray(Vector.toArray(state.candidates).map((one) => one === null ? null : asleep(one, atUs)))
  const upstreams = Vector.fromArray(Vector.toArray(state.upstreams).map((one) => ({ ...one, resolve: 0, shelves: [] })))
  const probing = { ...state.probing, inFlight: [] }
  const next: State = { ...state, candidates, upstreams, probing, warmTotal: 0 }
  return { ...next, index: indexOf(next) }
}

function asleep(candidate: Candidate, atUs: number): Candidate {
  const queue = Candidates.isListed(candidate) && candidate.breaker.state === "closed" ? "backlog" : "none"
  return {
    ...candidate,
    probe: 0,
    connections: [],
    warm: emptyShelf,
    queue,
    queuedAtUs: queue === "none" ? -1 : atUs,
    breaker: untried(candidate.breaker, atUs),
    suspicion: { ...candidate.suspicion, pendingDueUs: -1, silent: [], silentDueUs: -1 }
  }
}

/** A trial that was under way has no answer to come: it is due again. */
function untried(breaker: BreakerState, atUs: number): BreakerState {
  return breaker.state === "half-open" ? { ...breaker, state: "open", trialDueUs: atUs } : breaker
}

function create(state: State, id: UpstreamId): State {
  const { name } = Upstreams.configOf(state, id)
  const rankings = Vector.push(state.index.rankings, Ordered.empty)
  const stalest = Vector.push(state.index.stalest, Ordered.empty)
  return {
    ...state,
    upstreams: Vector.push(state.upstreams, newUpstream(id, name)),
    index: { ...state.index, rankings, stalest }
  }
}

function ask(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  const { host, dns } = Upstreams.configOf(state, id)
  if (upstream === undefined || host === "") return state
  const resolve = state.minted.resolve
  step.decisions.push({ _tag: "Resolve", worker: 0, resolve, upstream: id, host, timeoutMs: dns.timeoutMs })
  const next: State = { ...state, minted: { ...state.minted, resolve: resolve + 1 } }
  return Upstreams.replace(next, upstream, { ...upstream, resolve, resolveDueUs: step.at + dns.refreshMs * 1000 })
}

function answered(
  state: State,
  step: Step,
  id: UpstreamId,
  resolve: number,
  hosts: ReadonlyArray<string>
): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || resolve === 0 || upstream.resolve !== resolve) return state
  const { dns, port } = Upstreams.configOf(state, id)
  const waitUs = hosts.length === 0 && dns.refreshMs * 1000 > RETRY_US ? RETRY_US : dns.refreshMs * 1000
  const next = Upstreams.replace(state, upstream, { ...upstream, resolve: 0, resolveDueUs: step.at + waitUs })
  return hosts.length === 0 ? next : merge(next, step, id, "dns", hosts.map((host) => ({ host, port })))
}

/** Brings the candidates of one source in line with what it names. */
function merge(state: State, step: Step, id: UpstreamId, source: Source, addresses: ReadonlyArray<Address>): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const known = new Map<string, CandidateId>()
  for (const one of [...upstream.left, ...upstream.listed]) {
    const candidate = Candidates.find(state, one)
    if (candidate !== undefined) known.set(nameOf(candidate), one)
  }
  const named = new Set<CandidateId>()
  const joined: Array<CandidateId> = []
  const added: Array<CandidateId> = []
  let next = state
  for (const address of addresses) {
    const existing = known.get(nameOf(address))
    // Whoever made room for somebody else is not known any more.
    if (existing === undefined || Candidates.find(next, existing) === undefined) {
      const room = makeRoom(next, id, added.length)
      if (room === undefined) continue
      const admitted = admit(room, id, upstream.nextOrdinal + added.length, address, source, step.at)
      next = admitted.state
      known.set(nameOf(address), admitted.id)
      named.add(admitted.id)
      added.push(admitted.id)
    } else {
      if (!Candidates.isListed(Candidates.find(next, existing) as Candidate)) joined.push(existing)
      next = named.has(existing) ? next : rejoin(next, existing, source, step.at)
      named.add(existing)
    }
  }
  const left: Array<CandidateId> = []
  for (const one of upstream.listed) if (!named.has(one)) next = leave(next, one, source, step.at, left)
  next = list(next, id, added)
  joined.push(...added)
  if (joined.length === 0 && left.length === 0) return next
  next = somebodyIn(next, step, id)
  step.touched.add(id)
  step.wantsProbes = true
  if (step.event._tag !== "Started") step.decisions.push({ _tag: "MembershipChanged", upstream: id, joined, left })
  return next
}

/** When all who were not shut out have left, the one whose trial comes first is let in: somebody must be left to try. */
function somebodyIn(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  if (upstream.listed.length === 0 || upstream.shut < upstream.listed.length) return state
  const shut = upstream.listed.map((one) => Candidates.find(state, one) as Candidate)
  const one = shut.reduce((a, b) => (b.breaker.trialDueUs < a.breaker.trialDueUs ? b : a))
  const next = close(state, step, one)
  const closed = Candidates.find(next, one.id) as Candidate
  return Candidates.replace(next, closed, Candidates.urgent(closed, step.at))
}

function nameOf({ host, port }: Address): string {
  return `${host} ${port}`
}

/** Lists the new ones all at once: one by one would copy the list for each. */
function list(state: State, id: UpstreamId, added: ReadonlyArray<CandidateId>): State {
  const upstream = Upstreams.find(state, id) as Upstream
  return added.length === 0 ? state : Upstreams.replace(state, upstream, {
    ...upstream,
    listed: [...upstream.listed, ...added],
    nextOrdinal: upstream.nextOrdinal + added.length,
    unsampled: upstream.unsampled + added.length
  })
}

/** A state with room for one more candidate; undefined when there is none. */
function makeRoom(state: State, id: UpstreamId, added: number): State | undefined {
  const upstream = Upstreams.find(state, id) as Upstream
  const listed = upstream.listed.length + added
  if (listed >= state.config.maxCandidates) return undefined
  if (listed + upstream.left.length < state.config.maxCandidates) return state
  const oldest = upstream.left.map((one) => Candidates.find(state, one)).find((one) => one !== undefined && isFree(one))
  return oldest === undefined ? undefined : remove(state, oldest)
}

/** Makes one candidate and mints its id; its upstream lists it later. */
function admit(state: State, id: UpstreamId, ordinal: number, address: Address, source: Source, atUs: number) {
  const freed = state.freeSlots[state.freeSlots.length - 1]
  const slot = freed ?? state.candidates.length
  // A slot that had an owner before gets a generation that no id has had yet.
  const generation = state.minted.generation + (freed === undefined ? 0 : 1)
  const candidate = newCandidate(generation * SLOTS + slot, id, ordinal, address, source, atUs)
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

function rejoin(state: State, id: CandidateId, source: Source, atUs: number): State {
  const candidate = Candidates.find(state, id) as Candidate
  if (candidate.sources.includes(source)) return state
  const back = !Candidates.isListed(candidate)
  const sources = [...candidate.sources, source]
  if (!back) return Candidates.replace(state, candidate, { ...candidate, sources })
  const upstream = Upstreams.find(state, candidate.upstream) as Upstream
  const next = Upstreams.replace(state, upstream, {
    ...upstream,
    listed: [...upstream.listed, id],
    left: upstream.left.filter((one) => one !== id),
    unsampled: upstream.unsampled + (candidate.lastSampleAtUs < 0 ? 1 : 0),
    shut: upstream.shut + (candidate.breaker.state === "closed" ? 0 : 1)
  })
  const waits = candidate.probe === 0 && candidate.breaker.state === "closed"
    ? { queue: "backlog", queuedAtUs: atUs } as const
    : {}
  return Candidates.replace(next, candidate, watched({ ...candidate, sources, forgetDueUs: -1, ...waits }))
}

/** Takes a source away; who has none left drains, with its suspicions settled. */
function leave(state: State, id: CandidateId, source: Source, atUs: number, left: Array<CandidateId>): State {
  const candidate = Candidates.find(state, id) as Candidate
  if (!candidate.sources.includes(source)) return state
  const sources = candidate.sources.filter((one) => one !== source)
  if (sources.length > 0) return Candidates.replace(state, candidate, { ...candidate, sources })
  left.push(id)
  const upstream = Upstreams.find(state, candidate.upstream) as Upstream
  const { staleForMs } = Upstreams.configOf(state, candidate.upstream)
  const next = Upstreams.replace(state, upstream, {
    ...upstream,
    listed: upstream.listed.filter((one) => one !== id),
    left: [...upstream.left, id],
    unsampled: upstream.unsampled - (candidate.lastSampleAtUs < 0 ? 1 : 0),
    shut: upstream.shut - (candidate.breaker.state === "closed" ? 0 : 1)
  })
  return Candidates.replace(next, candidate, {
    ...candidate,
    sources,
    forgetDueUs: atUs + staleForMs * 1000,
    queue: "none",
    queuedAtUs: -1,
    breaker: untried(candidate.breaker, atUs),
    suspicion: noSuspicion
  })
}

function forget(state: State, step: Step, id: CandidateId): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return state
  if (isFree(candidate)) return remove(state, candidate)
  return Candidates.replace(state, candidate, { ...candidate, forgetDueUs: step.at + LINGER_US })
}

/** Whether nothing hangs on it any more. */
function isFree(candidate: Candidate): boolean {
  const { warm } = candidate
  return Candidates.connectionsOf(candidate) === 0 && candidate.probe === 0
    && warm.parked.length + warm.dialling.length === 0
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
  return Upstreams.replace(next, upstream, { ...upstream, left: upstream.left.filter((one) => one !== candidate.id) })
}
