/**
 * Turning off and on: what an upstream forgets when it is turned off, and how it starts when it is turned on.
 *
 * - An upstream that is turned off forgets its beliefs. Its set is empty, and nothing of it is due or under way. Its
 *   last members stay as stale.
 * - In a common cause, auto-disable only pauses an upstream: its beliefs stand as they are.
 * - An upstream that is turned on starts as at the beginning: each candidate waits for a probe.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import { unjudged } from "../candidate/unjudged.ts"
import * as Candidates from "../candidates.ts"
import { COOLDOWN, reschedule } from "../deadline.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty, startUpstream } from "../requests.ts"
import * as ActiveSet from "../upstream/activeSet.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import * as Lists from "../upstream/list.ts"
import { withPriors } from "../upstream/priors.ts"
import * as Resolving from "../upstream/resolving.ts"
import * as Rounds from "../upstream/rounds.ts"
import * as Troubles from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"

/**
 * Changes what decides which upstreams are on. Turns off the upstreams that this stops, and starts those that it
 * allows.
 */
export function switched(state: State, step: Step, changes: Partial<Pick<State, "override" | "autoDisable">>): State {
  let next = paused({ ...state, ...changes }, state)
  tell(state, next, step)
  state.config.upstreams.forEach((_, id) => {
    const was = Upstreams.isOn(state, id)
    const upstream = Upstreams.find(next, id)
    // Auto-disable only paused this upstream in a common cause. Now it is turned off by wish.
    if (upstream !== undefined && !was && upstream.trouble !== null && Upstreams.isOffByWish(next, id)) {
      next = rest(next, step, id)
    } else if (upstream !== undefined && was !== Upstreams.isOn(next, id)) {
      next = !was
        ? begin(next, step, id)
        : (changes.autoDisable?.untilUs ?? -1) >= 0
        ? asleep(next, step, id)
        : rest(next, step, id)
    }
  })
  return next
}

/** Puts the end of auto-disable's pause among the deadlines. */
export function paused(state: State, before: State): State {
  const { index, autoDisable } = state
  const deadlines = reschedule(index.deadlines, "outage", COOLDOWN, before.autoDisable.untilUs, autoDisable.untilUs)
  return deadlines === index.deadlines ? state : { ...state, index: { ...index, deadlines } }
}

/** Tells when the whole pool was turned on or off, or when the operator's override changed. */
export function tell(before: State, after: State, step: Step): void {
  const enabled = Upstreams.isEnabled(after)
  if (enabled === Upstreams.isEnabled(before) && after.override === before.override) return
  decide(step, { _tag: "EnabledChanged", enabled, override: after.override })
}

export function begin(state: State, step: Step, id: UpstreamId): State {
  markDirty(step, id)
  if (!Upstreams.isPreheated(state, id)) return state
  startUpstream(step, id)
  let next = state
  const upstream = Upstreams.find(state, id) as Upstream
  // A common cause continues, and so do its trials.
  next = Upstreams.replace(next, upstream, Troubles.changed(upstream, { trialDueUs: step.at + 1 }))
  for (const one of upstream.listed) {
    const candidate = Candidates.find(next, one) as Candidate
    if (candidate.probe !== 0 || candidate.queue !== "none") continue
    next = Candidates.replace(next, candidate, Queue.queued(candidate, "backlog", step.at))
  }
  return next
}

/** Pauses an upstream. In a common cause its beliefs stand, and only probes and queries end. */
function asleep(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  if (!Troubles.isCommon(upstream)) return rest(state, step, id)
  markDirty(step, id)
  const after = Troubles.changed(halted(upstream), { trialDueUs: -1, clientTrialDueUs: -1 })
  let next = Upstreams.replace(state, upstream, after)
  for (const candidate of Candidates.among(next, upstream.listed)) {
    const untried = candidate.probe === 0 ? Breaker.untried(candidate, step.at + 1) : candidate
    next = Candidates.replace(next, candidate, Queue.dequeued(untried))
  }
  return next
}

/** Nothing of the upstream is due or under way any more. */
function halted(upstream: Upstream): Upstream {
  return FirstUse.halted(Resolving.halted(Rounds.halted(ActiveSet.evaluateAt(upstream, -1))))
}

/** Turns an upstream off: its beliefs, requests and memories are forgotten, except for its stale members. */
export function rest(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const { removed, staleForMs } = Upstreams.configOf(state, id)
  const { members, listed } = upstream
  markDirty(step, id)
  if (members.length > 0) {
    const reason = removed ? "left" : "disabled"
    const moves = members.map((candidate) => {
      return { candidate, into: false, reason, costMs: Candidates.find(state, candidate)?.costMs ?? -1 } as const
    })
    decide(step, { _tag: "SelectionMoved", upstream: id, members: [], moves })
  }
  const stale = removed ? [] : members.length > 0 ? members : upstream.stale
  const staleDueUs = stale.length === 0 ? -1 : step.at + staleForMs * 1000
  const empty = ActiveSet.withoutDisplaced(ActiveSet.emptied(halted(upstream), step.at, stale, staleDueUs))
  let next = Upstreams.replace(state, upstream, Lists.unjudged(withPriors(Troubles.ended(empty), [])))
  for (const one of [...listed, ...upstream.fallback]) {
    const candidate = Candidates.find(next, one) as Candidate
    // Handshakes that began before say nothing when the upstream is on again.
    next = Candidates.replace(next, candidate, Suspicion.overtaken(unjudged(candidate), step.at))
  }
  return next
}
