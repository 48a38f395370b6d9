/**
 * Roster: the candidates of one source are brought in line with the addresses that it names.
 *
 * - A new address joins (joining.ts). A known candidate gets one more source: the same address from two sources is one
 *   candidate. A candidate that a source no longer names loses this source (standing.ts).
 * - Addresses that `access` refuses are treated as if no source named them (admission.ts).
 * - When all listed candidates are shut, one is let in: one must be left to try. So is a candidate that returns with an open
 *   breaker where breakers are turned off.
 */
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate, CandidateId, Source, UpstreamId } from "../model/Candidate.ts"
import type { Address } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import * as Lists from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"
import { screen } from "./admission.ts"
import { close } from "./closeBreaker.ts"
import { admitAll, nameOf } from "./joining.ts"
import type { Moved } from "./standing.ts"
import { idOf, relist, resource } from "./standing.ts"

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
  next = admitAll(next, step.at, id, source, addresses, known, added)
  if (source === "fallback") next = withFallback(next, id, addresses, known)
  const spare = source === "fallback"
  const joined = [...moved.filter(({ after }) => Candidates.isListed(after)).map(idOf), ...(spare ? [] : added)]
  const left = moved.filter(({ before }) => Candidates.isListed(before)).map(idOf)
  if (next !== state) markDirty(step, id)
  if (joined.length === 0 && left.length === 0) return next
  requestProbes(step)
  if (step.event._tag !== "Started") decide(step, { _tag: "MembershipChanged", upstream: id, joined, left })
  return letOneIn(unshut(next, step, id, joined), step, id)
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

/** Where breakers are turned off now, a candidate may return with an open one: no trial would close it. */
function unshut(state: State, step: Step, id: UpstreamId, joined: ReadonlyArray<CandidateId>): State {
  if (Upstreams.configOf(state, id).breaker.enabled) return state
  const shut = Candidates.among(state, joined).filter(({ breaker }) => breaker.state !== "closed")
  return shut.reduce((next, one) => letIn(next, step, one), state)
}

/** When all listed candidates are shut, the one with the earliest trial is let in: one must be left to try. */
function letOneIn(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  if (!Lists.isAllShut(upstream)) return state
  const shut = Candidates.among(state, upstream.listed)
  return letIn(state, step, shut.reduce((a, b) => (b.breaker.trialDueUs < a.breaker.trialDueUs ? b : a)))
}

function letIn(state: State, step: Step, one: Candidate): State {
  const next = close(state, step, one)
  const closed = Candidates.find(next, one.id) as Candidate
  return Candidates.replace(next, closed, Queue.urgent(closed, step.at))
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
