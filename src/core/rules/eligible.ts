/**
 * Eligible: which candidates may be in the active set.
 *
 * A candidate may enter the set when:
 * - it is measured and not expired, its breaker is closed, and it is no suspect;
 * - it has proven its identity, where its upstream wants that;
 * - its score is at least `minScore`.
 *
 * A member leaves at once when its breaker opened, its identity failed, it left the list or it expired. Margin, hold and
 * swaps do not apply.
 *
 * The ranking is ordered by cost. So a search for entrants looks at the cheapest few, never at the whole list, and past at
 * most 64 candidates that may not enter.
 */
import { scoreOf } from "../candidate/cost.ts"
import { isVouched } from "../candidate/identity.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { MoveReason } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Upstream } from "../model/Upstream.ts"
import type { Set } from "../upstream/departed.ts"

const MOST_PASSED_OVER = 64

/** Why a member cannot stay; null when it can. */
export function mustGo(candidate: Candidate | undefined): MoveReason | null {
  if (candidate === undefined || !Candidates.isListed(candidate)) return "left"
  if (!isVouched(candidate)) return "certificate"
  if (candidate.costMs < 0) return candidate.latency.atUs < 0 ? "unmeasured" : "expired"
  return candidate.breaker.state === "closed" ? null : "shut"
}

/** Whether its score is below `minScore`. */
export function isPoor({ costMs }: Candidate, { scoring, selector }: UpstreamConfig): boolean {
  return scoreOf(costMs, scoring.referenceMs) < selector.minScore
}

/** Why a candidate may not enter the set, whatever its rank: a reason of `mustGo`, a suspicion, or its score; null: it may. */
export function barOf(candidate: Candidate, config: UpstreamConfig): MoveReason | "suspect" | "poor" | null {
  return mustGo(candidate) ?? (Candidates.isSuspect(candidate) ? "suspect" : isPoor(candidate, config) ? "poor" : null)
}

/** Candidates outside the set that may enter, the cheapest first, until `each` has enough. */
export function eachEntrant(
  state: State,
  upstream: Upstream,
  config: UpstreamConfig,
  set: Set,
  each: (candidate: Candidate) => boolean
): void {
  let passedOver = 0
  Candidates.visitRanked(state, upstream.id, (id) => {
    const candidate = Candidates.find(state, id)
    if (candidate === undefined || set.sinceUs.has(id)) return true
    return barOf(candidate, config) === null ? each(candidate) : ++passedOver < MOST_PASSED_OVER
  })
}
