/** The world after the changes that an explanation names, made by hand and brought into force by the selector itself. */
import { closedBreaker } from "../../src/core/candidate/breaker.ts"
import { noSuspicion } from "../../src/core/candidate/suspicion.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { Explanation } from "../../src/core/explain/explain.ts"
import type { Explained, Need } from "../../src/core/explain/Explanation.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { selector } from "../../src/core/reducers/selector.ts"
import { stepOf } from "../../src/core/requests.ts"
import * as Upstreams from "../../src/core/upstreams.ts"

const SLIGHTLY_MS = 0.001

/** The state at one moment, which a test changes as the world might. */
class World {
  readonly upstream: number
  state: State
  atUs: number

  constructor(upstream: number, state: State) {
    this.upstream = upstream
    this.state = state
    this.atUs = state.at
  }

  has(id: CandidateId): boolean {
    return Upstreams.find(this.state, this.upstream)!.members.includes(id)
  }

  change(id: CandidateId, changes: (one: Candidate) => Partial<Candidate>): void {
    const one = Candidates.find(this.state, id)!
    this.state = Candidates.replace(this.state, one, { ...one, ...changes(one) })
  }

  /** The selector evaluates the set, as when that is due. */
  evaluate(): void {
    const entry = { seq: this.state.seq + 1, at: this.atUs, event: { _tag: "Ticked", worker: 0 } as const }
    const step = stepOf(entry, [{ kind: "evaluate", id: this.upstream }], [])
    this.state = selector(this.state, step, step.requests.dirty)
  }

  /** So many samples of this cost, with an evaluation after each. */
  sample(id: CandidateId, costMs: number, samples: number): void {
    const anew = Candidates.find(this.state, id)!.costMs < 0
    for (let i = 0; i < samples && !this.has(id); i++) {
      this.change(id, (one) => ({
        costMs,
        forecastMs: anew ? costMs : one.forecastMs,
        windowClosedAtUs: one.windowClosedAtUs + 1
      }))
      this.evaluate()
    }
  }
}

/** Makes one change; `beyondMs`: a cost stays above its bound by that. */
function make(world: World, id: CandidateId, need: Need, beyondMs: number): void {
  switch (need.kind) {
    case "proof":
      return world.change(id, () => ({ identity: { state: "verified", atUs: world.atUs, dueUs: -1 } }))
    case "trial":
      return world.change(id, () => ({ breaker: closedBreaker }))
    case "answer":
      return world.change(id, () => ({ suspicion: noSuspicion }))
    case "sample":
      return world.sample(id, 1234, 1)
    case "cost": {
      const { costMs } = Candidates.find(world.state, id)!
      const isLow = costMs >= 0 && need.byMs === null
      return world.sample(id, isLow ? costMs : need.belowMs + beyondMs, need.samples)
    }
    case "rise": {
      const { costMs } = Candidates.find(world.state, id)!
      world.change(need.member, () => ({ costMs: Math.max(0, need.aboveMs - beyondMs) }))
      return world.sample(id, costMs >= 0 ? costMs : 0, need.samples)
    }
    case "hold":
      world.atUs += Math.ceil(need.inMs * 1000)
      return world.evaluate()
    case "evaluation":
      return world.evaluate()
    default:
      throw new Error(`nothing can be done about ${need.kind}`)
  }
}

/** The explanations of all candidates at one moment. */
export function explainedAll(state: State, each: (one: Explained, upstream: Upstream) => void): void {
  for (const upstream of Upstreams.all(state)) {
    const explanation = new Explanation(state, upstream, state.at)
    for (const id of upstream.listed) each(explanation.of(Candidates.find(state, id)!), upstream)
  }
}

/** Whether the candidate is in the set after the changes. `short`: one change, of a cost, that is slightly smaller than named. */
export function isTaken(state: State, { candidate: { id }, needs }: Explained, upstream: Upstream, short?: Need): boolean {
  const world = new World(upstream.id, state)
  for (const need of needs) make(world, id, need, need === short ? SLIGHTLY_MS : -SLIGHTLY_MS)
  // A candidate that was taken may be replaced by the next evaluation.
  if (!world.has(id)) world.evaluate()
  return world.has(id)
}

/** Whether the member is still in the set when it costs slightly more than the bound, and its hold is over. */
export function stays(state: State, { candidate: { id }, leaves, membership }: Explained, upstream: Upstream): boolean {
  if (leaves === null || membership === null) return true
  const { standing } = Upstreams.configOf(state, upstream.id).selector.switching
  const world = new World(upstream.id, state)
  world.change(id, ({ costMs }) => ({ costMs: Math.max(costMs, leaves.aboveMs + SLIGHTLY_MS) }))
  world.atUs += Math.ceil(membership.heldMs * 1000)
  world.sample(leaves.to, Candidates.find(state, leaves.to)!.costMs, standing)
  return world.has(id)
}
