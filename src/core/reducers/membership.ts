/**
 * Membership: where the candidates of an upstream come from, and when that is asked anew.
 *
 * - `Started` creates the upstreams of the configuration and merges each user-static and fallback list (roster.ts tells how).
 *   Everything about sockets is forgotten: nothing is under way, nobody is connected, no warm socket is left; what was
 *   measured stays, if the state was restored.
 * - An upstream with a `host` asks the resolver when it begins, each `dns.refresh` and when an operator wants it refreshed,
 *   and merges every answer that names somebody; after a failure or an empty answer the list stands, and it asks again
 *   after 5 s. One that is off asks nobody, and one that is found on first use asks while it is used (demand.ts).
 */
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import { isLiteral } from "../domain.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { emptyShelf, newUpstream } from "../newborn.ts"
import { indexOf } from "../state.ts"
import * as Upstreams from "../upstreams.ts"
import { forget, merge, untried } from "./roster.ts"

const RETRY_US = 5_000_000

export function membership(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    if (kind === "resolve") next = due(next, step, id)
    if (kind === "forget") next = forget(next, step, id)
  }
  const { event } = step
  if (event._tag === "Started") next = start(next, step)
  if (event._tag === "Resolved") next = answered(next, step, event.upstream, event.resolve, event.addresses)
  if (event._tag === "ResolveFailed") next = answered(next, step, event.upstream, event.resolve, [])
  for (const id of step.begun) next = ask(next, step, id)
  if (event._tag !== "RefreshRequested") return next
  for (const id of Upstreams.refreshed(next, event.upstream)) {
    // A query that is under way is as good as a new one.
    if (Upstreams.find(next, id)?.resolve === 0) next = ask(next, step, id)
  }
  return next
}

function start(state: State, step: Step): State {
  let next = forgetSockets(state, step.at)
  next.config.upstreams.forEach((config, id) => {
    step.touched.add(id)
    if (id >= next.upstreams.length) next = create(next, id)
    next = merge(next, step, id, "user-static", config.candidates)
    next = merge(next, step, id, "fallback", config.fallback)
    if (Upstreams.isPreheated(next, id)) step.begun.add(id)
  })
  return next
}

/** A new process holds none of the sockets that a restored state speaks of. */
function forgetSockets(state: State, atUs: number): State {
  if (state.upstreams.length === 0) return state
  const candidates = Vector.fromArray(
    Vector.toArray(state.candidates).map((one) => one === null ? null : asleep(state, one, atUs))
  )
  const upstreams = Vector.fromArray(
    Vector.toArray(state.upstreams).map((one) => ({ ...one, resolve: 0, race: 0, shelves: [] }))
  )
  const probing = { ...state.probing, inFlight: [] }
  const next: State = { ...state, candidates, upstreams, probing, warmTotal: 0 }
  return { ...next, index: indexOf(next) }
}

function asleep(state: State, candidate: Candidate, atUs: number): Candidate {
  const waits = Candidates.isListed(candidate) && Upstreams.isPreheated(state, candidate.upstream)
  const queue = waits && candidate.breaker.state === "closed" ? "backlog" : "none"
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

/** Makes the upstream of a new place, or of one that was free. */
export function create(state: State, id: UpstreamId): State {
  const name = Upstreams.labelOf(state, id)
  const free = Upstreams.find(state, id)
  if (free !== undefined) return Upstreams.replace(state, free, newUpstream(id, name))
  const rankings = Vector.push(state.index.rankings, Ordered.empty)
  const stalest = Vector.push(state.index.stalest, Ordered.empty)
  return {
    ...state,
    upstreams: Vector.push(state.upstreams, newUpstream(id, name)),
    index: { ...state.index, rankings, stalest }
  }
}

/** What nobody uses is not asked for; the next use sets the moment anew. */
function due(state: State, step: Step, id: UpstreamId): State {
  if (Upstreams.isLive(state, id)) return ask(state, step, id)
  const upstream = Upstreams.find(state, id)
  return upstream === undefined ? state : Upstreams.replace(state, upstream, { ...upstream, resolveDueUs: -1 })
}

export function ask(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  const { host, dns } = Upstreams.configOf(state, id)
  if (upstream === undefined || host === "" || isLiteral(host) || !Upstreams.isOn(state, id)) return state
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
  step.touched.add(id)
  const { dns, port } = Upstreams.configOf(state, id)
  const waitUs = hosts.length === 0 && dns.refreshMs * 1000 > RETRY_US ? RETRY_US : dns.refreshMs * 1000
  const next = Upstreams.replace(state, upstream, { ...upstream, resolve: 0, resolveDueUs: step.at + waitUs })
  return hosts.length === 0 ? next : merge(next, step, id, "dns", hosts.map((host) => ({ host, port })))
}
