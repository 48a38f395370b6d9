/**
 * Renewal: the candidates that serve are measured before they expire, where rounds come too seldom for that.
 *
 * - It concerns preheated upstreams with an `interval` of two thirds of `scoreTtl` or more.
 * - Members, challengers and stale members join the queue for probes as urgent, every 0.5 to 0.6 `scoreTtl`. The exact
 *   time is drawn, so that the upstreams do not all do it at once.
 * - A sample younger than half of 0.5 `scoreTtl` counts as renewed. So the sample of a candidate that answers is never
 *   older than 0.9 `scoreTtl`.
 * - A candidate with frozen beliefs (frozen.ts) is not renewed: a common cause has trials of its own.
 * - A candidate that cannot be reached has rounds alone, which come at growing intervals (unreached.ts).
 * - Until an answer comes, known costs stand, then the candidate serves as stale (selector.ts), and then the ladder
 *   serves.
 */
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import * as Rng from "../math/Rng.ts"
import type { UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { requestProbes } from "../requests.ts"
import { isUnreached } from "../unreached.ts"
import { renewAt } from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"
import { challengersOf } from "../challengers.ts"

const LEAST_SHARE = 0.5
const DRAWN_SHARE = 0.1

export function renewal(state: State, step: Step, dirty: ReadonlySet<UpstreamId>): State {
  let next = state
  for (const id of dirty) {
    const upstream = Upstreams.find(next, id)
    if (upstream !== undefined && upstream.renewDueUs < 0 && isNeeded(next, upstream)) next = scheduled(next, upstream)
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
  if (!isNeeded(state, upstream) && (upstream.stale.length === 0 || !isRenewed(state, id))) {
    return Upstreams.replace(state, upstream, renewAt(upstream, -1))
  }
  let next = scheduled(state, upstream)
  if (isUnreached(state, upstream)) return next
  const freshUs = step.at - (scoreTtlMs * 1000 * LEAST_SHARE) / 2
  const ids = new Set([...upstream.members, ...upstream.stale, ...challengersOf(state, upstream, probing.challengers)])
  for (const candidate of Candidates.among(state, ids).filter(Candidates.isListed)) {
    if (candidate.breaker.state !== "closed" || candidate.lastSampleAtUs > freshUs || candidate.queue === "urgent") continue
    if (isFrozen(state, candidate)) continue
    next = Candidates.replace(next, candidate, Queue.urgent(candidate, step.at))
    requestProbes(step)
  }
  return next
}

function scheduled(state: State, upstream: Upstream): State {
  const { scoreTtlMs } = Upstreams.configOf(state, upstream.id)
  const drawn = Rng.uniform(state.rng)
  const waitMs = scoreTtlMs * (LEAST_SHARE + DRAWN_SHARE * drawn.value)
  const renewDueUs = state.at + Math.ceil(waitMs * 1000)
  return Upstreams.replace({ ...state, rng: drawn.rng }, upstream, renewAt(upstream, renewDueUs))
}
