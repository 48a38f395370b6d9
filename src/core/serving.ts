/**
 * Which candidates serve new clients now. The first group that has one serves:
 *
 * 1. unsuspected members of the active set;
 * 2. the best measured candidates outside it, as many as the set is large;
 * 3. suspected members.
 *
 * A candidate with an open breaker or without a proof of identity (reducers/identity.ts) does not serve. In panic mode no
 * candidate serves (panic.ts).
 */
import * as Candidates from "./candidates.ts"
import { isVouched } from "./candidate/identity.ts"
import type { Candidate } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { isPanic } from "./panic.ts"
import * as Upstreams from "./upstreams.ts"

/** How many candidates outside the set are looked at. */
const LOOK_AHEAD = 64

export function serving(state: State, upstream: Upstream): ReadonlyArray<Candidate> {
  if (!Upstreams.isOn(state, upstream.id) || isPanic(state, upstream)) return []
  const members = Candidates.among(state, upstream.members).filter(mayServe)
  const trusted = members.filter((member) => !Candidates.isSuspect(member))
  if (trusted.length > 0) return trusted
  const { activeSetSize } = Upstreams.configOf(state, upstream.id).selector
  const outside = isExplored(state, upstream) ? [] : bestOutside(state, upstream, activeSetSize)
  return outside.length > 0 ? outside : members
}

/**
 * Whether so many candidates were tried without one answer that the upstream may be one that never answers (unanswered.ts).
 */
function isExplored(state: State, upstream: Upstream): boolean {
  if (upstream.answered || upstream.members.length === 0) return false
  const most = upstream.members.length + Upstreams.configOf(state, upstream.id).probing.challengers
  let looked = 0
  let tried = 0
  Candidates.visitRanked(state, upstream.id, (id) => {
    if (Candidates.find(state, id)?.suspicion.session === true) tried++
    return tried < most && ++looked < LOOK_AHEAD
  })
  return tried >= most
}

/** The cheapest unsuspected candidates outside the set, at most `count`. */
export function bestOutside(state: State, upstream: Upstream, count: number): ReadonlyArray<Candidate> {
  const found: Array<Candidate> = []
  let looked = 0
  if (count === 0) return found
  Candidates.visitRanked(state, upstream.id, (id) => {
    const candidate = Candidates.find(state, id)
    if (mayServe(candidate) && !upstream.members.includes(id) && !Candidates.isSuspect(candidate)) found.push(candidate)
    return found.length < count && ++looked < LOOK_AHEAD
  })
  return found
}

function mayServe(candidate: Candidate | undefined): candidate is Candidate {
  return candidate !== undefined && candidate.costMs >= 0 && candidate.breaker.state === "closed"
    && isVouched(candidate)
}
