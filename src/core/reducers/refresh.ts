/**
 * Refresh: it decides when each candidate is probed.
 *
 * - Each new candidate starts in the backlog of the queue, so it is probed once. The tries of long lists are short at
 *   first (brief.ts).
 * - Rounds put the others into the queue (rules/probeRounds.ts), and the budget lets them out of it
 *   (rules/dispatch.ts). An answer frees its place in the budget (rules/probeAnswers.ts).
 * - An operator's refresh queues all candidates, the members as urgent. Shut candidates have their trial now. Fact
 *   `UpstreamRefreshed`. Spares and upstreams that are off are never probed.
 * - An open breaker has only its trials. A suspicion requests a probe of its own.
 * - After a local outage all candidates are probed.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { challengersOf } from "../challengers.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamRefreshed } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { ProbeRequests, Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide } from "../requests.ts"
import { hurried, isUnreached } from "../unreached.ts"
import * as Upstreams from "../upstreams.ts"
import { dispatch } from "../rules/dispatch.ts"
import { freed } from "../rules/probeAnswers.ts"
import { firstRound, over, round } from "../rules/probeRounds.ts"

export function refresh(state: State, step: Step, wanted: ProbeRequests): State {
  let next = freed(state, step)
  for (const id of wanted.started) next = firstRound(next, step, id)
  if (wanted.returned) { for (const id of Upstreams.refreshed(next, "all")) next = queueAll(next, step, id, "outage") }
  for (const id of wanted.recovered) next = retried(next, step, id)
  if (step.event._tag === "InterfacesChanged") {
    for (const one of Upstreams.all(next)) if (isUnreached(next, one)) next = hurried(next, one.id, 0)
  }
  if (step.event._tag === "RefreshRequested") {
    for (const id of Upstreams.refreshed(next, step.event.upstream)) next = queueAll(next, step, id, "requested")
  }
  let woken = next !== state || step.event._tag === "Started" || wanted.probes
  for (const { kind, id } of step.due) {
    if (kind === "gate") woken = true
    if (kind !== "round") continue
    const upstream = Upstreams.find(next, id)
    if (upstream !== undefined) next = round(over(next, step, id, true), step.at, id)
    woken = true
  }
  for (const id of wanted.dirty) next = over(next, step, id, false)
  return woken ? dispatch(next, step) : next
}

/** Suspects are probed first, and every shut candidate has its trial now. */
function retried(state: State, step: Step, id: UpstreamId): State {
  const { listed, members, shut } = Upstreams.find(state, id) as Upstream
  const suspects = challengersOf(
    state,
    Upstreams.find(state, id) as Upstream,
    Upstreams.configOf(state, id).probing.challengers
  )
  let next = state
  for (const candidate of Candidates.among(state, new Set([...members, ...suspects, ...(shut > 0 ? listed : [])]))) {
    const { breaker } = candidate
    if (breaker.state === "open") {
      next = Candidates.replace(next, candidate, Breaker.trialDue(candidate, step.at))
    } else if (Candidates.isSuspect(candidate)) {
      next = Candidates.replace(next, candidate, Queue.urgent(candidate, step.at))
    }
  }
  return next
}

function queueAll(state: State, step: Step, id: UpstreamId, reason: UpstreamRefreshed["reason"]): State {
  const { listed, members } = Upstreams.find(state, id) as Upstream
  decide(step, { _tag: "UpstreamRefreshed", upstream: id, reason })
  let next = hurried(state, id, 1)
  for (const one of listed) {
    const known = Candidates.find(next, one) as Candidate
    // An operator's wish goes before the server's count of unused connections.
    const candidate = reason === "requested" ? Queue.unusedForgotten(known) : known
    next = Candidates.replace(next, known, candidate)
    const { breaker } = candidate
    if (breaker.state === "open") {
      // This machine's outage says nothing about a candidate that was shut out before.
      if (reason === "outage") continue
      next = Candidates.replace(next, candidate, Breaker.trialDue(candidate, step.at))
    } else if (candidate.probe === 0 && candidate.queue !== "urgent") {
      const queue = members.includes(one) ? "urgent" : "backlog"
      next = Candidates.replace(next, candidate, Queue.requeued(candidate, queue, step.at))
    }
  }
  return next
}
