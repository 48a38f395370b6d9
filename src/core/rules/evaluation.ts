/**
 * Evaluation: the set of an upstream as it would be now. The selector brings it into force, and an explanation (explain)
 * tells from it what keeps a candidate in or out.
 */
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Upstream } from "../model/Upstream.ts"
import type { Set } from "../upstream/departed.ts"
import { costliest, enter, leave } from "./changingSet.ts"
import { eachEntrant, mustGo } from "./eligible.ts"
import type { Challenged } from "./hysteresis.ts"
import { challenge } from "./hysteresis.ts"

export interface Evaluation extends Challenged {
  readonly set: Set
}

export function evaluation(state: State, atUs: number, upstream: Upstream, config: UpstreamConfig): Evaluation {
  const set = incumbents(state, upstream)
  trim(config, set)
  fill(state, atUs, upstream, config, set)
  return { set, ...challenge(state, { atUs, upstream, config, set }) }
}

/** Whether the set stays as it is, because an outage explains what its members do. A member that left the list goes all the same. */
export function stands(state: State, upstream: Upstream): boolean {
  const members = upstream.members.map((id) => Candidates.find(state, id))
  return members.some((one) => one !== undefined && isFrozen(state, one)) && members.every((one) => mustGo(one) === null)
}

/** The members that may stay. */
export function incumbents(state: State, upstream: Upstream): Set {
  const set: Set = { members: [], sinceUs: new Map(), moves: [] }
  upstream.members.forEach((id, i) => {
    const candidate = Candidates.find(state, id)
    const reason = mustGo(candidate)
    if (candidate === undefined || reason !== null) {
      set.moves.push({ candidate: id, into: false, reason: reason ?? "left", costMs: candidate?.costMs ?? -1 })
    } else {
      set.members.push(candidate)
      set.sinceUs.set(id, upstream.memberSinceUs[i] ?? -1)
    }
  })
  return set
}

/** Removes the costliest members of a set that was made smaller. */
function trim(config: UpstreamConfig, set: Set): void {
  while (set.members.length > config.selector.activeSetSize) leave(set, costliest(set), "surplus")
}

/** Fills free places with the cheapest candidates that may enter. */
function fill(state: State, atUs: number, upstream: Upstream, config: UpstreamConfig, set: Set): void {
  if (set.members.length >= config.selector.activeSetSize) return
  eachEntrant(state, upstream, config, set, (candidate) => {
    enter(set, candidate, "filled", atUs)
    return set.members.length < config.selector.activeSetSize
  })
}
