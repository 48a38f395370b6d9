/** The candidates of an upstream in the order in which a client would want them. */
import * as Candidates from "../../core/candidates.ts"
import { endpointText } from "../../core/endpointText.ts"
import type { Endpoint } from "../../core/model/Candidate.ts"
import type { DialAttempt, UpstreamRoutes, UpstreamState } from "../../core/model/Routes.ts"
import type { State } from "../../core/model/State.ts"

export interface Ranked {
  /** The label of the candidate, such as `web#2`; null: the address is no candidate. */
  readonly id: string | null
  /** `ip:port` in full; a name where the resolver is the last resort. */
  readonly address: string
  /** What a connection is expected to cost; null: there is no measurement. */
  readonly costMs: number | null
  /** It serves clients now. */
  readonly active: boolean
}

export interface Ranking {
  readonly upstream: string
  /** The rung of the ladder that serves the upstream. `active`: its set. */
  readonly state: UpstreamState
  readonly candidates: ReadonlyArray<Ranked>
}

/** Those that serve, then the other measured ones by cost, then those of the last resort, each once, and `most` in all. */
export function rankingOf(state: State, routes: UpstreamRoutes, most: number): Ranking {
  const serving = routes.members.toSorted((a, b) => a.dialMs - b.dialMs).map(({ candidate }) => candidate)
  const ranked = new Map<Endpoint | string, Ranked>()
  const add = (key: Endpoint | string, one: Ranked | undefined) => {
    if (one !== undefined && !ranked.has(key) && ranked.size < most) ranked.set(key, one)
    return ranked.size < most
  }
  for (const id of serving) add(id, candidateOf(state, id, true))
  Candidates.visitRanked(state, routes.id, (id) => add(id, candidateOf(state, id, false)))
  for (const attempt of routes.lastResort.attempts) {
    if (attempt.candidate === "system") add(endpointText(attempt), systemOf(attempt))
    else add(attempt.candidate, candidateOf(state, attempt.candidate, false))
  }
  return { upstream: routes.name, state: routes.state, candidates: [...ranked.values()] }
}

function candidateOf(state: State, id: Endpoint, active: boolean): Ranked | undefined {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return undefined
  const costMs = candidate.costMs < 0 ? null : Math.round(candidate.costMs * 1000) / 1000
  return { id: Candidates.labelOf(state, id), address: endpointText(candidate), costMs, active }
}

function systemOf(attempt: DialAttempt): Ranked {
  return { id: null, address: endpointText(attempt), costMs: null, active: false }
}
