/**
 * Explain: why these candidates serve an upstream and not the others, and what would change it. It is pure, and computed from
 * the state by the functions that decide (rules/evaluation.ts, serving.ts, ladder.ts).
 */
import { costParts } from "../candidate/cost.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { rungOf } from "../ladder.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Upstream } from "../model/Upstream.ts"
import { barOf } from "../rules/eligible.ts"
import { heldForUs } from "../rules/hysteresis.ts"
import { serving } from "../serving.ts"
import type { Explained, Setting, Standing } from "./Explanation.ts"
import { evaluationInMs, needsOf } from "./needs.ts"
import { aboveMs } from "./price.ts"
import type { Sight } from "./rule.ts"
import { incumbentsOf, ruleOf, see } from "./rule.ts"

/** One upstream at one moment, explained candidate by candidate. */
export class Explanation {
  readonly sight: Sight
  readonly setting: Setting
  readonly #serving: ReadonlySet<CandidateId>

  /** `atUs`: the moment, at or after that of the state. */
  constructor(state: State, upstream: Upstream, atUs: number) {
    this.sight = see(state, atUs, upstream)
    const serve = serving(state, upstream)
    const rung = rungOf(state, upstream, serve.length > 0)
    this.#serving = new Set([...serve.map(({ id }) => id), ...rung.first])
    this.setting = {
      state: rung.state,
      reason: rung.reason,
      standing: this.sight.stands ? standingOf(state, upstream) : null,
      evaluationInMs: evaluationInMs(upstream, atUs)
    }
  }

  of(candidate: Candidate): Explained {
    const { sight } = this
    const rule = ruleOf(sight, candidate)
    const active = rule === "member"
    const needed = active ? { needs: [], enough: true } : needsOf(sight, candidate.id)
    return {
      candidate,
      rule,
      active,
      serves: this.#serving.has(candidate.id),
      parts: candidate.costMs < 0 ? null : costParts(candidate, sight.config.scoring, sight.atUs),
      membership: active ? membershipOf(sight, candidate) : null,
      ...needed,
      leaves: active && !sight.stands ? leavesOf(sight, candidate) : null
    }
  }
}

function standingOf(state: State, { members }: Upstream): Standing | null {
  const frozen = Candidates.among(state, members).filter((one) => isFrozen(state, one))
  return frozen.length === 0 ? null : state.outage.sinceUs >= 0 ? "outage" : "common-cause"
}

function membershipOf({ atUs, upstream, config }: Sight, member: Candidate) {
  const sinceUs = upstream.memberSinceUs[upstream.members.indexOf(member.id)] ?? -1
  const set = { members: [member], sinceUs: new Map([[member.id, sinceUs]]), moves: [] }
  return { sinceUs, heldMs: heldForUs({ atUs, config, set }, member) / 1000 }
}

/** The cost above which the cheapest challenger replaces the member, if it stays cheaper for long enough and no hold is left. */
function leavesOf(sight: Sight, member: Candidate): Explained["leaves"] {
  const among = incumbentsOf(sight)
  if (among === undefined) return null
  let to: Candidate | undefined
  Candidates.visitRanked(sight.state, sight.upstream.id, (id) => {
    const one = Candidates.find(sight.state, id)
    if (one !== undefined && !sight.upstream.members.includes(id) && barOf(one, sight.config) === null) to = one
    return to === undefined
  })
  if (to === undefined) return null
  // The member that leaves is the costliest.
  let bound = aboveMs((to as Candidate).costMs, sight.config)
  for (const { id, costMs } of among.set.members) if (id !== member.id && costMs > bound) bound = costMs
  return { aboveMs: bound, to: (to as Candidate).id }
}
