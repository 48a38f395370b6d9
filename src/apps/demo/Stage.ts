/** The stage: everything that takes part while the demo plays, and that the summary needs afterwards. */
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
  /** Of one address, for the service and for the plain forwarder alike. */
  readonly dialTimeoutMs: number
  readonly nowMs: () => number
  readonly sites: ReadonlyArray<Site>
  readonly engine: Engine["Service"]
  /** Open sessions of a candidate. */
  readonly connections: (candidate: CandidateId) => number
  /** Warm sockets to it. */
  readonly warmSockets: (candidate: CandidateId) => number
  readonly relays: Readonly<Relays>
  readonly tallies: { readonly fairlead: Tally; readonly plain: Tally }
  readonly narrator: Narrator
  /** For each address its last costs, the oldest first. */
  readonly costs: ReadonlyArray<Array<number>>
}

const COSTS_KEPT = 60

/** Adds the present cost of each address. */
export function noteCosts({ engine, costs }: Stage): void {
  const state = engine.stateUnsafe()
  const listed = Vector.get(state.upstreams, 0)?.listed ?? []
  costs.forEach((past, i) => {
    past.push(Candidates.find(state, listed[i] ?? -1)?.costMs ?? -1)
    if (past.length > COSTS_KEPT) past.shift()
  })
}
