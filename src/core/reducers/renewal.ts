/**
 * Renewal: who serves is measured before it expires, where rounds come too seldom for that.
 *
 * - Of a preheated upstream whose `interval` is two thirds of `scoreTtl` or more, members, challengers and those that serve as stale join
 *   the queue for probes as urgent every 0.5 to 0.6 `scoreTtl`, drawn, so that not all upstreams do so at once. A sample younger than
 *   half of that counts as renewed, so nobody that answers ever gets older than 0.9 `scoreTtl`.
 * - When none of them answered since the renewal before, the wait doubles, up to 6 `scoreTtl`: meanwhile who expired serves as
 *   stale (selector.ts), then the ladder. The first answer ends that.
 */
import * as Candidates from "../candidates.ts"
import { backoffMs } from "../math/backoff.ts"
import * as Rng from "../math/Rng.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import * as Upstreams from "../upstreams.ts"
import { challengersOf } from "./refresh.ts"

const LEAST_SHARE = 0.5
const DRAWN_SHARE = 0.1
const MOST_TTLS = 6

export function renewal(state: State, step: Step): State {
  let next = state
  for (const id of step.dirty) {
    const upstream = Upstreams.find(next, id)
    if (upstream === undefined || !isNeeded(next, upstream)) continue
    // Somebody is back: the long wait that was drawn for the dead would let the set expire once more.
    const isBack = upstream.renewalsFailed > 0
      && haveAnswered(Candidates.among(next, upstream.members), upstream.renewedAtUs)
    if (upstream.renewDueUs >= 0 && !isBack) continue
    next = scheduled(next, upstream, 0)
  }
  for (const { kind, id } of step.due) if (kind === "renew") next = renewed(next, step, id)
  return next
}

function isNeeded(state: State, { id, members }: Upstream): boolean {
  const { probing, scoreTtlMs } = Upstreams.configOf(state, id)
  return members.length > 0 && 3 * probing.intervalMs >= 2 * scoreTtlMs && isRenewed(state, id)
}

function isRenewed(state: State, id: UpstreamId): boolean {
  return Upstreams.isPreheated(state, id) && Upstreams.isProbed(state, id)
}

function renewed(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const { probing, scoreTtlMs } = Upstreams.configOf(state, id)
  const ids = new Set([...upstream.members, ...upstream.stale, ...challengersOf(state, upstream, probing.challengers)])
  if (!isNeeded(state, upstream) && (upstream.stale.length === 0 || !isRenewed(state, id))) {
    return Upstreams.replace(state, upstream, { ...upstream, renewDueUs: -1, renewalsFailed: 0 })
  }
  const all = Candidates.among(state, ids).filter(Candidates.isListed)
  const freshForUs = (scoreTtlMs * 1000 * LEAST_SHARE) / 2
  const freshUs = step.at - freshForUs
  // Who was fresh then was not asked.
  const sinceUs = upstream.renewedAtUs - freshForUs
  let next = scheduled(state, upstream, haveAnswered(all, sinceUs) ? 0 : upstream.renewalsFailed + 1)
  for (const candidate of all) {
    if (candidate.breaker.state !== "closed" || candidate.lastSampleAtUs > freshUs || candidate.queue === "urgent") continue
    next = Candidates.replace(next, candidate, Candidates.urgent(candidate, step.at))
    step.wantsProbes = true
  }
  return next
}

/** Whether the last that was heard of one of them is an answer, and it came since then. */
function haveAnswered(candidates: ReadonlyArray<Candidate>, sinceUs: number): boolean {
  return candidates.some(({ streak, lastSampleAtUs }) => streak > 0 && lastSampleAtUs >= sinceUs)
}

/** The next one; each in a row that nobody answered doubles the wait. */
function scheduled(state: State, upstream: Upstream, renewalsFailed: number): State {
  const { scoreTtlMs } = Upstreams.configOf(state, upstream.id)
  const drawn = Rng.uniform(state.rng)
  const waitMs = backoffMs(renewalsFailed, scoreTtlMs * (LEAST_SHARE + DRAWN_SHARE * drawn.value), MOST_TTLS * scoreTtlMs)
  const renewDueUs = state.at + Math.ceil(waitMs * 1000)
  const planned = { ...upstream, renewDueUs, renewedAtUs: state.at, renewalsFailed }
  return Upstreams.replace({ ...state, rng: drawn.rng }, upstream, planned)
}
