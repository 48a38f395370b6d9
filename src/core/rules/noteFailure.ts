/**
 * A candidate fails, or shows signs of it: a trouble of its upstream begins, or comes nearer to a common cause.
 *
 * - The first failure or sign begins the trouble. It remembers the set and the order of candidates that could serve.
 * - This is the one place that makes checkpoints (candidate/checkpoint.ts), before any reducer learns from the failure. So
 *   a common cause and a local outage can roll back the same beliefs.
 * - Two kinds of failures say nothing here: those of a local outage, and those of a candidate that failed before.
 * - When all members show signs, the rest of the order is probed at once.
 * - When every candidate of the order has failed, the trouble is common. Beliefs are rolled back, trials begin, and the
 *   resolver is queried.
 */
import * as Checkpoint from "../candidate/checkpoint.ts"
import { isVouched } from "../candidate/identity.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { challengersOf } from "../challengers.ts"
import type { Failing } from "../failing.ts"
import { isExcused } from "../frozen.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Trouble, Upstream } from "../model/Upstream.ts"
import { isCommonPanic } from "../panic.ts"
import { hastenedResolve } from "../queries.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import { setOf } from "../upstream/activeSet.ts"
import * as Troubles from "../upstream/trouble.ts"
import { checkpointOf, isCommon, isUsable } from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"
import { firstTrials } from "./commonTrials.ts"
import { rollBack } from "./rollBack.ts"

export function noteFailure(state: State, step: Step, failing: Failing): State {
  const candidate = Candidates.find(state, failing.candidate)
  const upstream = Upstreams.find(state, candidate?.upstream)
  if (candidate === undefined || upstream === undefined || !isUsable(candidate)) return state
  if (!Upstreams.isOn(state, upstream.id) || isExcused(state, candidate.id, step.at)) return state
  // One-way protocols exist: silence is a sign only where the upstream has ever answered.
  if (failing.in === "session" && !upstream.answered) return state
  if (upstream.trouble === null && candidate.streak === 0) return state
  const open = upstream.trouble === null ? begun(state, step, upstream, candidate) : state
  const { trouble } = Upstreams.find(open, upstream.id) as Upstream
  if (trouble === null) return state
  const counted = count(open, step, upstream.id, trouble, failing)
  if (isCommon(Upstreams.find(counted, upstream.id) as Upstream)) return counted
  const saved = Candidates.replace(counted, candidate, Checkpoint.made(candidate, trouble.seq, failing.failed))
  return settled(saved, step, Upstreams.find(saved, upstream.id) as Upstream)
}

function begun(state: State, step: Step, upstream: Upstream, first: Candidate): State {
  const { probing } = Upstreams.configOf(state, upstream.id)
  const challengers = challengersOf(state, upstream, probing.challengers)
  const able = Candidates.among(state, [...upstream.members, ...challengers]).filter((one) =>
    isUsable(one) && isVouched(one) && one.breaker.state === "closed" && one.streak > 0
  )
  const order = able.map(({ id }) => id)
  if (!order.includes(first.id)) return state
  const trouble: Trouble = {
    seq: state.seq,
    sinceUs: step.at,
    order,
    failures: 0,
    byConnect: false,
    asked: false,
    commonAtUs: -1,
    trialDueUs: -1,
    turn: 0,
    clientTurn: 0,
    clientTrials: 0,
    clientTrialDueUs: -1,
    set: setOf(upstream)
  }
  return Upstreams.replace(state, upstream, Troubles.begun(upstream, trouble))
}

/** Counts the failure. After a session that failed in a common cause, clients go on to the next candidate of the order. */
function count(state: State, step: Step, id: number, trouble: Trouble, { candidate, failed, in: where }: Failing): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const isFailure = failed !== null
  const byConnect = where === "handshake"
  const passesOn = isCommon(upstream) && failed === "session"
  const clientTurn = passesOn ? trouble.order.findIndex((one) => one === candidate) + 1 : trouble.clientTurn
  if (!isFailure && (!byConnect || trouble.byConnect)) return state
  const failures = trouble.failures + (isFailure ? 1 : 0)
  const after = Troubles.changed(upstream, { failures, byConnect: trouble.byConnect || byConnect, clientTurn })
  const hasPassedOn = clientTurn !== trouble.clientTurn
  if (isCommonPanic(state, upstream) !== isCommonPanic(state, after) || hasPassedOn) markDirty(step, id)
  return Upstreams.replace(state, upstream, after)
}

/** Finds out whether the trouble is common now. Probes the rest of the order when only the rest is missing. */
function settled(state: State, step: Step, upstream: Upstream): State {
  const trouble = upstream.trouble as Trouble
  const able = Candidates.among(state, trouble.order).filter(isUsable)
  if (able.every((one) => (checkpointOf(upstream, one)?.failed ?? null) !== null)) return common(state, step, upstream)
  const members = Candidates.among(state, trouble.set.members).filter(isUsable)
  if (trouble.asked || !members.every((one) => checkpointOf(upstream, one) !== null)) return state
  let next = Upstreams.replace(state, upstream, Troubles.changed(upstream, { asked: true }))
  for (const one of able) {
    if (checkpointOf(upstream, one) !== null) continue
    requestProbes(step)
    next = Candidates.replace(next, one, Queue.urgent(one, step.at))
  }
  return next
}

function common(state: State, step: Step, { id, trouble }: Upstream): State {
  const { order, byConnect } = trouble as Trouble
  decide(step, { _tag: "CommonCauseBegan", upstream: id, candidates: order.length })
  const rolled = rollBack(state, step, id, false, () => true)
  const upstream = Upstreams.find(rolled, id) as Upstream
  const { breaker } = Upstreams.configOf(rolled, id)
  const began = Troubles.changed(upstream, { commonAtUs: step.at, ...firstTrials(step.at, byConnect, breaker) })
  return hastenedResolve(Upstreams.replace(rolled, upstream, began), step, id)
}
