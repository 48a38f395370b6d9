/**
 * One step of the core: the reducers in a fixed order, in phases.
 *
 * - operator: a reload, or a command to turn everything on or off.
 * - membership: which upstreams and addresses there are, which of them earlier runs knew, which sessions are open.
 * - network: what this machine's network explains.
 * - common causes: what a failure of every candidate of the order explains. From here on the samples are final.
 * - started: upstreams that start query the resolver and recall what earlier runs knew.
 * - demand: what clients need.
 * - evidence: score, breaker, identity, suspicion and relief learn from the samples.
 * - selection: the set moves.
 * - acts: warm pools follow the set, and renewal plans.
 * - probes: answered probes return their permits, and the next probes go out.
 * - routes: dirty upstreams get new routes.
 *
 * Only reducers are entered that the event, a sample or a request concerns (stages.ts). Samples are read from the state
 * before all reducers, while the act that was answered still counts as under way. `requests.ts` says which request is
 * read in which phase.
 */
import { dueAt } from "./deadline.ts"
import type { Decision } from "./model/Decision.ts"
import type { Entry } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import { enter, stepOf } from "./requests.ts"
import { samplesOf } from "./samples.ts"
import { concerns, STAGES, stagesOf } from "./stages.ts"

export interface Stepped {
  readonly state: State
  readonly decisions: ReadonlyArray<Decision>
  /** A request that came too late, which is a fault of the core; null: there was none. */
  readonly late: string | null
}

const NOTHING_DUE: Step["due"] = []

/** One entry through all phases. `isEntered` is for tests: it tells whether a reducer is entered. */
export function step(state: State, entry: Entry, isEntered: typeof concerns = concerns): Stepped {
  const { event, at } = entry
  const due = event._tag === "Ticked" ? dueAt(state, at) : NOTHING_DUE
  const shared = stepOf(entry, due, samplesOf(state, event, at))
  let next: State = { ...state, seq: entry.seq, at, wall: wallOf(state, entry) }
  // A test that enters stages by a rule of its own asks all of them.
  for (const stage of isEntered === concerns ? stagesOf(event._tag) : STAGES) {
    if (!isEntered(stage, next, shared)) continue
    enter(shared, stage.phase)
    next = stage.run(next, shared)
  }
  const { decisions, late } = shared.requests
  return { state: next, decisions, late }
}

function wallOf(state: State, { event, at }: Entry): State["wall"] {
  return event._tag === "Started" || event._tag === "WallRead" ? { ms: event.wallMs, atUs: at } : state.wall
}
