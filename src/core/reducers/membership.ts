/**
 * Membership: which sources name the candidates of an upstream, and when the resolver is queried.
 *
 * Start:
 * - `Started` creates the upstreams of the configuration and merges what each source names (sources.ts; roster.ts
 *   merges).
 * - The core forgets everything about sockets: no probe is under way, no client is connected, no socket is warm.
 *   Measurements stay, if the state was restored.
 *
 * When an upstream with a `host` queries the resolver:
 * - It does so when it starts, each `dns.refresh`, and when an operator refreshes it.
 * - After a failure, or an answer without an address that may be dialled, it queries again after 5 s, then at growing
 *   intervals up to six times `scoreTtl` (unreached.ts). The list stands meanwhile.
 * - It then also queries at once when this machine's network returns, or when a client reached a new address of its
 *   name.
 * - An upstream that is off does not query. No upstream does while the source dns is switched off. An upstream on
 *   demand queries while it is used (demand.ts).
 *
 * What an answer does:
 * - An answer with an address that may be dialled is merged.
 * - A server without a contribution makes the answer partial. A partial answer only adds, because silence must not
 *   remove a candidate. The query is repeated after 5 s. From the third partial answer in a row on, the silent server
 *   counts as gone, and the list follows the servers that answer.
 * - Some answers come in parts. Each part only adds, at once. The query stays under way until the whole answer has
 *   come.
 * - An address that served a client on the last resort joins the list, until an answer no longer names it.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Lifetime from "../candidate/lifetime.ts"
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import * as Vector from "../data/Vector.ts"
import { isLiteral } from "../domain.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { Resolved } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { markDirty, startUpstream } from "../requests.ts"
import { indexOf } from "../state.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import * as Resolving from "../upstream/resolving.ts"
import { withWarmPools } from "../upstream/warmPools.ts"
import * as Upstreams from "../upstreams.ts"
import { ask, asks, hastenedResolve } from "../queries.ts"
import { backedOff } from "../unreached.ts"
import { namedBy } from "../sources.ts"
import { accessFor, admits } from "../access.ts"
import { refusedToClients, screen } from "../rules/admission.ts"
import { create, mergeAll } from "../rules/create.ts"
import { forget } from "../rules/forgetting.ts"
import { merge } from "../rules/roster.ts"

const RETRY_US = 5_000_000
/** How many partial answers in a row only add. */
const PATIENT = 2

export function membership(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    if (kind === "resolve") next = due(next, step, id)
    if (kind === "forget") next = forget(next, step, id)
  }
  const { event } = step
  if (event._tag === "Started") next = start(next, step)
  if (event._tag === "Resolved") next = answered(next, step, event)
  if (event._tag === "ResolveFailed") next = answered(next, step, { ...event, addresses: [], silent: 0 })
  next = refusedToClients(next, step, event)
  if (event._tag !== "RefreshRequested") return next
  for (const id of Upstreams.refreshed(next, event.upstream)) {
    const upstream = Upstreams.find(next, id) as Upstream
    next = Upstreams.replace(next, upstream, Resolving.hopeful(upstream))
    // A query that is under way is as good as a new one.
    if (!Resolving.isAsking(upstream)) next = ask(next, step, id)
  }
  return next
}

/** Queries the resolver for each upstream that starts in this step, whichever reducer started it. */
export function resolveStarted(
  state: State,
  step: Step,
  started: ReadonlySet<UpstreamId>,
  returned: boolean
): State {
  let next = learned(state, step)
  for (const id of started) next = ask(next, step, id)
  // The resolver may be within reach again.
  if (returned || step.event._tag === "InterfacesChanged") {
    for (const upstream of Upstreams.all(next)) {
      if (upstream.unresolvedSinceUs < 0 || !Upstreams.isLive(next, upstream.id)) continue
      next = Upstreams.replace(next, upstream, Resolving.hopeful(upstream))
      next = hastenedResolve(next, step, upstream.id)
    }
  }
  return next
}

/** Adds an address that the resolver had for the name and that served a client on the last resort. */
function learned(state: State, step: Step): State {
  const { event } = step
  if (event._tag !== "ClientAccepted" || event.candidate !== "system" || !asks(state, event.upstream)) return state
  const { host: name, port } = Upstreams.configOf(state, event.upstream)
  const host = event.tried.find(({ candidate, outcome }) => candidate === "system" && outcome === "connected")?.host
  if (host === undefined || !isLiteral(host) || name === "" || isLiteral(name)) return state
  const known = namedBy(state, event.upstream, "dns")
  if (known.some((one) => one.host === host && one.port === port)) return state
  const next = merge(state, step, event.upstream, "dns", [...known, { host, port }])
  const unresolved = (Upstreams.find(next, event.upstream)?.unresolvedSinceUs ?? -1) >= 0
  return unresolved ? hastenedResolve(next, step, event.upstream) : next
}

function start(state: State, step: Step): State {
  let next = forgetSockets(state, step.at)
  next.config.upstreams.forEach((_, id) => {
    markDirty(step, id)
    if (id >= next.upstreams.length) next = create(next, id)
    next = mergeAll(next, step, id)
    if (Upstreams.isPreheated(next, id)) startUpstream(step, id)
  })
  return next
}

/** A restored state may speak of sockets of an earlier run. A new run has none of them. */
function forgetSockets(state: State, atUs: number): State {
  if (state.upstreams.length === 0) return state
  const candidates = Vector.fromArray(
    Vector.toArray(state.candidates).map((one) => one === null ? null : asleep(state, one, atUs))
  )
  const upstreams = Vector.fromArray(
    Upstreams.all(state).map((one) => withWarmPools(FirstUse.forgotten(Resolving.halted(one)), []))
  )
  const probing = { ...state.probing, inFlight: [] }
  const next: State = { ...state, candidates, upstreams, probing, warmTotal: 0 }
  return { ...next, index: indexOf(next) }
}

function asleep(state: State, candidate: Candidate, atUs: number): Candidate {
  const waits = Candidates.isListed(candidate) && Upstreams.isPreheated(state, candidate.upstream)
  const unwatched = Suspicion.handshakeUnwatched(Suspicion.noneSilent(Warm.forgotten(Lifetime.unconnected(candidate))))
  const idle = Queue.unprobed(Breaker.untried(unwatched, atUs))
  return waits && candidate.breaker.state === "closed" ? Queue.queued(idle, "backlog", atUs) : Queue.dequeued(idle)
}

/** Queries for an upstream that is in use. For an unused one the next use schedules the query. */
function due(state: State, step: Step, id: UpstreamId): State {
  if (Upstreams.isLive(state, id)) return ask(state, step, id)
  const upstream = Upstreams.find(state, id)
  return upstream === undefined ? state : Upstreams.replace(state, upstream, Resolving.resolveAt(upstream, -1))
}

function answered(
  state: State,
  step: Step,
  { upstream: id, resolve, addresses: hosts, silent, more }: Pick<
    Resolved,
    "upstream" | "resolve" | "addresses" | "silent" | "more"
  >
): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || resolve === 0 || upstream.resolve !== resolve) return state
  markDirty(step, id)
  const { dns, port, scoreTtlMs } = Upstreams.configOf(state, id)
  const named = hosts.map((host) => ({ host, port }))
  if (more) return merge(state, step, id, "dns", [...namedBy(state, id, "dns"), ...named])
  const partial = hosts.length === 0 ? upstream.partial : silent === 0 ? 0 : Math.min(upstream.partial + 1, PATIENT + 1)
  const access = accessFor(state.config, Upstreams.configOf(state, id))
  const usable = hosts.some((host) => admits(access, host))
  const only = partial > 0 && partial <= PATIENT
  const refreshUs = dns.refreshMs * 1000
  const unresolvedSinceUs = usable ? -1 : upstream.unresolvedSinceUs < 0 ? step.at : upstream.unresolvedSinceUs
  const retryUs = Math.min(refreshUs, RETRY_US)
  const { waitUs, rng } = unresolvedSinceUs < 0
    ? { waitUs: only ? retryUs : refreshUs, rng: state.rng }
    : backedOff(state, unresolvedSinceUs, retryUs, scoreTtlMs)
  const after = Resolving.answered(upstream, step.at + waitUs, partial, unresolvedSinceUs)
  const next = Upstreams.replace({ ...state, rng }, upstream, after)
  if (!usable) return hosts.length === 0 ? next : screen(next, step, id, "dns", named).state
  return merge(next, step, id, "dns", only ? [...namedBy(next, id, "dns"), ...named] : named)
}
