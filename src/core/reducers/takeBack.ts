/**
 * Taking back: what failures did since the last answer of anybody, when it turns out that this machine's own network is down.
 *
 * - Before a failure, or a sign of one, changes a candidate for the first time since the last answer, what it would change is
 *   held beside the record, and so is the set of its upstream. It costs next to nothing, as the parts are shared, and an answer
 *   of anybody makes it worthless without a look at anybody. Who was failing before the spell has nothing held: dead ones of a
 *   long list would carry it along for good.
 * - To take back is to put that in place again: success, penalty, streak, cost, breaker, suspicion, set. Entries that came
 *   meanwhile stay. Sessions that were silent are not counted on again. It looks at everybody, for what is as rare as a crash.
 */
import * as Candidates from "../candidates.ts"
import * as Vector from "../data/Vector.ts"
import { isVouched } from "../identity.ts"
import type { Candidate, CandidateId, HeldCandidate } from "../model/Candidate.ts"
import type { Move } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { needsNetwork } from "../network.ts"
import * as Upstreams from "../upstreams.ts"
import { untried } from "./roster.ts"
import { reprice } from "./score.ts"
import { watched } from "./suspicion.ts"

/** Holds what the event is about to change for the worse. */
export function hold(state: State, step: Step): State {
  let next = state
  for (const id of doubted(state, step)) next = holdOne(next, id)
  return next
}

function doubted(state: State, { event, samples, due }: Step): ReadonlyArray<CandidateId> {
  const ids = samples.filter(({ failure }) => failure !== null).map(({ candidate }) => candidate)
  for (const { kind, id } of due) {
    // An entry changes what is too long for a handshake that is watched.
    const isWatched = kind === "entry" && (Candidates.find(state, id)?.suspicion.pendingDueUs ?? -1) >= 0
    if (kind === "pending" || kind === "silent" || isWatched) ids.push(id)
  }
  switch (event._tag) {
    case "DialPending":
    case "SessionSilent":
    case "SessionStalled":
      ids.push(event.candidate)
      break
    case "ClientClosed":
      if (event.bytesUp > 0 && event.firstByteUs < 0) ids.push(event.candidate)
      break
    case "WarmLost":
      if (event.reason === "reset") ids.push(event.candidate)
  }
  return ids
}

function isValid(state: State, held: { readonly seq: number } | null): boolean {
  return held !== null && held.seq > state.outage.answeredSeq
}

function holdOne(state: State, id: CandidateId): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || !needsNetwork(candidate.host) || isValid(state, candidate.held)) return state
  if (state.outage.spellSinceUs < 0 && candidate.streak === 0) {
    return candidate.held === null ? state : Candidates.replace(state, candidate, { ...candidate, held: null })
  }
  const { seq } = state
  const { success, penalty, streak, costMs, outlookMs, lastEntryAtUs, breaker, suspicion, identity } = candidate
  const held = { seq, success, penalty, streak, costMs, outlookMs, lastEntryAtUs, breaker, suspicion, identity }
  const next = Candidates.replace(state, candidate, { ...candidate, held })
  const upstream = Upstreams.find(next, candidate.upstream)
  if (upstream === undefined || isValid(next, upstream.held)) return next
  const { members, memberSinceUs, challenges, stale, staleDueUs, selectedAtUs } = upstream
  const set = { seq, members, memberSinceUs, challenges, stale, staleDueUs, selectedAtUs }
  return Upstreams.replace(next, upstream, { ...upstream, held: set })
}

export function takeBack(state: State, step: Step): State {
  let next = state
  for (const one of Vector.toArray(state.candidates)) {
    if (one === null || one.held === null || !isValid(state, one.held)) continue
    if (Candidates.isListed(one) && Upstreams.isOn(state, one.upstream)) next = restored(next, step, one, one.held)
  }
  for (const { id, held } of Upstreams.all(next)) if (isValid(state, held)) next = reinstated(next, step, id)
  return next
}

function restored(state: State, step: Step, candidate: Candidate, held: HeldCandidate): State {
  const { success, penalty, streak, costMs, outlookMs, lastEntryAtUs } = held
  const was = candidate.breaker.state
  // Who was let in as the last one stays so; a trial that nobody makes any more is due again.
  const mayReturn = held.breaker.state === "closed" || was !== "closed"
  const isTried = candidate.probe !== 0 || candidate.queue !== "none"
  const breaker = !mayReturn ? candidate.breaker : isTried ? held.breaker : untried(held.breaker, step.at)
  const { pending, session, sinceUs, lapseDueUs, renewals } = held.suspicion
  const suspicion = { ...candidate.suspicion, pending, session, sinceUs, lapseDueUs, renewals, silent: [], silentDueUs: -1 }
  // A network that dies between the two handshakes of a proof makes an impostor of whoever was asked.
  const { identity } = held
  if (candidate.identity.state === "failed" && identity.state === "verified") {
    step.decisions.push({ _tag: "IdentityProven", upstream: candidate.upstream, candidate: candidate.id })
  }
  const back: Candidate = { ...candidate, success, penalty, streak, breaker, suspicion, identity, held: null }
  const { scoring } = Candidates.configOf(state, candidate)
  const priced = candidate.lastEntryAtUs === lastEntryAtUs ? { ...back, costMs, outlookMs } : reprice(back, scoring, step.at)
  let next = Candidates.replace(state, candidate, watched(priced))
  const { upstream: id } = candidate
  const upstream = Upstreams.find(next, id) as Upstream
  if (was !== "closed" && breaker.state === "closed") {
    step.decisions.push({ _tag: "BreakerClosed", upstream: id, candidate: candidate.id })
    next = Upstreams.replace(next, upstream, { ...upstream, shut: upstream.shut - 1 })
  }
  if (Candidates.isSuspect(candidate) && !pending && !session) {
    step.decisions.push({ _tag: "Cleared", upstream: id, candidate: candidate.id })
  }
  return next
}

/** The set as it was, without those who left the list meanwhile. */
function reinstated(state: State, step: Step, id: number): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const { seq: _seq, ...held } = upstream.held as NonNullable<Upstream["held"]>
  const { activeSetSize } = Upstreams.configOf(state, id).selector
  const may = (one: CandidateId) => {
    const candidate = Candidates.find(state, one)
    return candidate !== undefined && Candidates.isListed(candidate) && candidate.costMs >= 0
      && candidate.breaker.state === "closed" && isVouched(candidate)
  }
  const members = held.members.filter(may).slice(0, activeSetSize)
  const move = (candidate: CandidateId, into: boolean): Move => {
    return { candidate, into, reason: "outage", costMs: Candidates.find(state, candidate)?.costMs ?? -1 }
  }
  const moves = [
    ...upstream.members.filter((one) => !members.includes(one)).map((one) => move(one, false)),
    ...members.filter((one) => !upstream.members.includes(one)).map((one) => move(one, true))
  ]
  if (!Upstreams.isOn(state, id)) return Upstreams.replace(state, upstream, { ...upstream, held: null })
  if (moves.length > 0) step.decisions.push({ _tag: "SelectionMoved", upstream: id, members, moves })
  const memberSinceUs = members.map((one) => held.memberSinceUs[held.members.indexOf(one)] as number)
  return Upstreams.replace(state, upstream, { ...upstream, ...held, members, memberSinceUs, held: null })
}
