/**
 * Giving up: after `staleFor` in a common cause, an upstream's beliefs are too old even to serve as stale.
 *
 * - Its candidates expire and its set is empty, so the ladder serves.
 * - The common cause is over. No failure begins another one before a candidate has answered.
 */
import * as Cost from "../candidate/cost.ts"
import * as Candidates from "../candidates.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty } from "../requests.ts"
import { emptied } from "../upstream/activeSet.ts"
import * as Upstreams from "../upstreams.ts"
import { returned } from "./endCommonCause.ts"

export function giveUp(state: State, step: Step, upstream: Upstream): State {
  const { id, members, listed } = upstream
  markDirty(step, id)
  if (members.length > 0) {
    const moves = members.map((candidate) => {
      return { candidate, into: false, reason: "expired", costMs: -1 } as const
    })
    decide(step, { _tag: "SelectionMoved", upstream: id, members: [], moves })
  }
  let next = Upstreams.replace(state, upstream, emptied(upstream, step.at, [], -1))
  for (const candidate of Candidates.among(next, listed)) {
    if (candidate.costMs >= 0) next = Candidates.replace(next, candidate, Cost.expired(candidate))
  }
  return returned(next, step, Upstreams.find(next, id) as Upstream)
}
