/**
 * Reload: a changed configuration takes force at once and as a whole.
 *
 * Upstreams:
 * - An upstream keeps its slot (arrange.ts). The slots are arranged here again: the event's arrangement may stem from
 *   an older state, and must not mix up names.
 * - An added upstream starts as at the beginning. A removed one loses its candidates, its set and its warm sockets. Its
 *   slot is free for another name once the last session through it has ended.
 * - Names on demand stay, under the new general sections, until `onDemand.enabled` is false. A name that is configured
 *   now hands over its candidates.
 *
 * Lists are merged:
 * - A candidate that is still named keeps its sessions, measurements and breaker.
 * - A candidate drains when no source names it any more, when only a source that was switched off names it, or when
 *   `access` refuses it.
 * - Under a changed host or port the addresses of the resolver and of history are those of another service. They drain,
 *   and the resolver is queried. The resolver is also queried when `access` or the servers changed.
 *
 * Limits take force at once:
 * - Routes are made anew, and the set is evaluated.
 * - Costs are computed anew when `scoring` changed.
 * - Rounds and queries come forward when they are due earlier under the new intervals.
 * - Warm pools that are too large halve.
 * - Breakers that are turned off close.
 * - Samples, cooldowns and suspicions in progress continue under the numbers at their beginning.
 *
 * A change of the name or authority to prove: no candidate has given that proof yet. Each candidate is checked, and the
 * ladder serves until one has given it.
 *
 * An operator's override of `enabled` ends, and so does a pause by auto-disable. Fact: `ConfigApplied`.
 */
import { arrange } from "../arrange.ts"
import { accessFor } from "../access.ts"
import * as Cost from "../candidate/cost.ts"
import * as Lifetime from "../candidate/lifetime.ts"
import * as Queue from "../candidate/queue.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { AT_ONCE_US } from "../deadline.ts"
import { domainIn } from "../domain.ts"
import type { Candidate, CandidateId, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty, requestProbes, startUpstream } from "../requests.ts"
import { reconfigured } from "../slots.ts"
import { mayName } from "../sources.ts"
import { evaluateAt } from "../upstream/activeSet.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import { named, withRefused } from "../upstream/list.ts"
import * as Resolving from "../upstream/resolving.ts"
import { planned } from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"
import { ask, asks } from "../queries.ts"
import { close } from "../rules/closeBreaker.ts"
import { noFailedRounds } from "../initial.ts"
import { begin, paused, rest, tell } from "../rules/turning.ts"
import { fitted, remember } from "../history.ts"
import { askedAnew } from "../rules/askedAnew.ts"
import { remind } from "./history.ts"
import { create, mergeAll } from "../rules/create.ts"
import { vacate } from "../rules/forgetting.ts"
import { merge } from "../rules/roster.ts"

export function reload(state: State, step: Step): State {
  const { event } = step
  // Before the start there is only the configuration to change.
  if (event._tag !== "ConfigChanged") return state
  const config = arrange(state.config, event.config)
  let next = paused(fitted({ ...reconfigured(state, config), override: null, autoDisable: noFailedRounds }), state)
  decide(step, { _tag: "ConfigApplied" })
  if (state.autoDisable.untilUs >= 0) decide(step, { _tag: "AutoEnabled", reason: "reload" })
  tell(state, next, step)
  requestProbes(step)
  config.upstreams.forEach((is, id) => {
    const was = Upstreams.find(state, id) === undefined ? undefined : state.config.upstreams[id]
    next = was === undefined || (was.name !== is.name && !isHeir(was, is))
      ? added(next, step, id)
      : changed(state, next, step, id, was, is)
  })
  return next
}

/** A name on demand is configured now: what is known of it stays. */
function isHeir(was: UpstreamConfig, is: UpstreamConfig): boolean {
  return was.onDemand && !was.removed && domainIn(was) === domainIn(is)
}

function added(state: State, step: Step, id: UpstreamId): State {
  markDirty(step, id)
  const next = mergeAll(create(state, id), step, id)
  if (Upstreams.isPreheated(next, id)) startUpstream(step, id)
  return next
}

/** Puts the upstream of a slot under another configuration. */
export function changed(
  before: State,
  state: State,
  step: Step,
  id: UpstreamId,
  was: UpstreamConfig,
  is: UpstreamConfig
): State {
  markDirty(step, id)
  const wasOn = Upstreams.isOn(before, id)
  const isOn = Upstreams.isOn(state, id)
  const readmitted = differs(accessFor(before.config, was), accessFor(state.config, is))
  const gone = is.removed && !was.removed
  const { listed } = Upstreams.find(state, id) as Upstream
  const called = renamed(state, id, is)
  const kept = gone ? remember(called, was, listed) : called
  let next = mergeAll(readmitted ? unrefused(kept, id) : kept, step, id)
  if (differs(was.identity, is.identity)) next = askedAnew(next, step, Upstreams.find(next, id) as Upstream, is.identity)
  const moved = was.host !== is.host || was.port !== is.port
  if (moved) next = asked(merge(next, step, id, "dns", []), step, id, wasOn)
  else if (readmitted || differs(was.dns.servers, is.dns.servers) || asks(before, id) !== asks(next, id)) {
    next = asked(next, step, id, wasOn)
  }
  if (moved || readmitted || mayName(before.config, "history") !== mayName(state.config, "history")) {
    next = remind(next, step, id)
  }
  const slept = !wasOn && Upstreams.find(next, id)?.trouble !== null && Upstreams.isOffByWish(next, id)
  if ((wasOn && !isOn) || slept) next = rest(next, step, id)
  if (isOn && (!wasOn || was.preheat !== is.preheat)) next = begin(next, step, id)
  if (wasOn && isOn) next = retuned(next, step, id, was, is)
  return is.removed ? vacate(hastened(next, step, id), step, id) : next
}

/**
 * An answer to a query under way counts no more. The resolver is queried anew, at once only for an upstream that was on
 * and is in use.
 */
function asked(state: State, step: Step, id: UpstreamId, wasOn: boolean): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const next = Upstreams.replace(state, upstream, Resolving.renewed(upstream))
  return wasOn && (FirstUse.isRacing(upstream) || Upstreams.isLive(next, id)) ? ask(next, step, id) : next
}

/** Other access lists: refused addresses are told again. */
function unrefused(state: State, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  return Upstreams.replace(state, upstream, withRefused(upstream, []))
}

/** The core notes uses only where they matter: a preheated upstream counts as used all the time. */
function renamed(state: State, id: UpstreamId, is: UpstreamConfig): State {
  const { preheat } = is
  const upstream = Upstreams.find(state, id) as Upstream
  const name = Upstreams.labelOf(state, id)
  const usedAtUs = Upstreams.notesUse(is) ? upstream.usedAtUs : -1
  const isSame = name === upstream.name && usedAtUs === upstream.usedAtUs
  if (isSame && !(preheat && FirstUse.isFirstUse(upstream))) return state
  const after = FirstUse.usedAt(named(upstream, name), usedAtUs)
  return Upstreams.replace(state, upstream, preheat ? FirstUse.settled(after) : after)
}

/** No candidate returns to a removed upstream: candidates that left it before are forgotten as soon as possible. */
function hastened(state: State, step: Step, id: UpstreamId): State {
  return each(state, (Upstreams.find(state, id) as Upstream).left, (one) => Lifetime.forgetDue(one, step.at + AT_ONCE_US))
}

function retuned(state: State, step: Step, id: UpstreamId, was: UpstreamConfig, is: UpstreamConfig): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const { roundDueUs, resolveDueUs } = upstream
  const laterUs = step.at + is.probing.intervalMs * 1000
  const hasRounds = roundDueUs >= 0 || Upstreams.isProbed(state, id)
  const roundUs = !hasRounds ? -1 : Math.min(roundDueUs < 0 ? laterUs : roundDueUs, laterUs)
  const resolveUs = resolveDueUs < 0 ? -1 : Math.min(resolveDueUs, step.at + is.dns.refreshMs * 1000)
  const after = Resolving.resolveAt(planned(evaluateAt(upstream, step.at), roundUs, step.at), resolveUs)
  let next = Upstreams.replace(state, upstream, after)
  if (differs(was.scoring, is.scoring)) next = each(next, upstream.listed, (one) => Cost.repriced(one, is.scoring, step.at))
  if (differs(was.pool, is.pool)) next = each(next, upstream.warmPools, (one) => Warm.idleDue(one, step.at))
  if (is.breaker.enabled) return next
  for (const one of upstream.listed) {
    const candidate = Candidates.find(next, one) as Candidate
    if (candidate.breaker.state === "closed") continue
    next = close(Candidates.replace(next, candidate, Queue.dequeued(candidate)), step, candidate)
  }
  return next
}

function each(state: State, ids: ReadonlyArray<CandidateId>, change: (candidate: Candidate) => Candidate): State {
  let next = state
  for (const candidate of Candidates.among(next, ids)) next = Candidates.replace(next, candidate, change(candidate))
  return next
}

function differs(was: object | null, is: object | null): boolean {
  return JSON.stringify(was) !== JSON.stringify(is)
}
