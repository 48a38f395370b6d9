/** Stage: everything on it while the demo plays, and what is left for the summary when it is over. */
import type { Relays } from "../../adapters/demo/distance.ts"
import type { Site } from "../../adapters/demo/Site.ts"
import * as Candidates from "../../core/candidates.ts"
import * as Vector from "../../core/data/Vector.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { Narrator } from "./Narrator.ts"
import type { Tally } from "./Tally.ts"

export interface Stage {
  readonly durationMs: number
  /** Of one address, for the service and its rival alike. */
  readonly dialTimeoutMs: number
  readonly nowMs: () => number
  readonly sites: ReadonlyArray<Site>
  readonly engine: Engine["Service"]
  /** Sessions that a candidate carries now. */
  readonly connections: (candidate: CandidateId) => number
  /** Warm sockets to it. */
  readonly warmSockets: (candidate: CandidateId) => number
  readonly relays: Readonly<Relays>
  readonly tallies: { readonly fairlead: Tally; readonly plain: Tally }
  readonly narrator: Narrator
  /** For each address its last costs, oldest first. */
  readonly costs: ReadonlyArray<Array<number>>
}

const COSTS_KEPT = 60

/** Remembers what each address costs now. */
export function noteCosts({ engine, costs }: Stage): void {
  const state = engine.stateUnsafe()
  const listed = Vector.get(state.upstreams, 0)?.listed ?? []
  costs.forEach((past, i) => {
    past.push(Candidates.find(state, listed[i] ?? -1)?.costMs ?? -1)
    if (past.length > COSTS_KEPT) past.shift()
  })
}
