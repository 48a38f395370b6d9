/** The rule that keeps a candidate in or out of the active set, from an evaluation of the set as it would be now. */
import { isVouched } from "../candidate/identity.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Upstream } from "../model/Upstream.ts"
import { costliest } from "../rules/changingSet.ts"
import { barOf } from "../rules/eligible.ts"
import type { Evaluation } from "../rules/evaluation.ts"
import { evaluation, incumbents, stands } from "../rules/evaluation.ts"
import type { Evaluating } from "../rules/hysteresis.ts"
import { compare, heldForUs } from "../rules/hysteresis.ts"
import * as Upstreams from "../upstreams.ts"
import type { Rule } from "./Explanation.ts"

/** An upstream, and its set as it would be now. */
export interface Sight {
  readonly state: State
  readonly atUs: number
  readonly upstream: Upstream
  readonly config: UpstreamConfig
  readonly evaluated: Evaluation
  /** An outage keeps the set as it is. */
  readonly stands: boolean
}

export function see(state: State, atUs: number, upstream: Upstream): Sight {
  const config = Upstreams.configOf(state, upstream.id)
  const evaluated = evaluation(state, atUs, upstream, config)
  return { state, atUs, upstream, config, evaluated, stands: stands(state, upstream) }
}

/** The set with which challengers are compared: the members that may stay. Undefined: a place is free. */
export function incumbentsOf({ state, atUs, upstream, config }: Sight): Evaluating | undefined {
  const set = incumbents(state, upstream)
  return set.members.length < config.selector.activeSetSize || set.members.length === 0
    ? undefined
    : { atUs, upstream, config, set }
}

export function ruleOf(sight: Sight, candidate: Candidate): Rule {
  const { state, upstream, config, evaluated } = sight
  if (upstream.members.includes(candidate.id)) return "member"
  if (!Upstreams.isOn(state, upstream.id)) return "off"
  if (candidate.sources.length === 0) return "left"
  if (!Candidates.isListed(candidate)) return "spare"
  // An open breaker and a suspicion tell more than that no sample came since.
  if (isVouched(candidate) && candidate.breaker.state !== "closed") return "shut"
  if (isVouched(candidate) && Candidates.isSuspect(candidate)) return "suspect"
  const bar = barOf(candidate, config)
  if (bar !== null) return isRule(bar) ? bar : "left"
  if (sight.stands) return "standing"
  if (evaluated.set.members.some(({ id }) => id === candidate.id)) return "next"
  return rankOf(sight, candidate)
}

const BARS = ["certificate", "unmeasured", "expired", "poor"] as const

function isRule(bar: string): bar is (typeof BARS)[number] {
  return (BARS as ReadonlyArray<string>).includes(bar)
}

/** Why one that may enter does not. */
function rankOf(sight: Sight, candidate: Candidate): Rule {
  const among = incumbentsOf(sight)
  if (among === undefined) return "turn"
  const member = costliest(among.set)
  if (candidate.costMs >= member.costMs) return "costlier"
  const { ready, isFree, byCostMs, costLimitMs, byForecastMs, forecastLimitMs } = compare(among, member, candidate)
  if (ready) return !isFree && heldForUs(among, member) > 0 ? "hold" : "turn"
  return byCostMs > costLimitMs || byForecastMs > forecastLimitMs ? "confirmations" : "margin"
}
