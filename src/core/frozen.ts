/** What an outage of this machine's own network explains: nobody is judged by it. See reducers/outage.ts. */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import { needsNetwork } from "./network.ts"

/** Whether its record stands still: the network that leads to it is down. */
export function isFrozen({ outage }: State, { host }: Candidate): boolean {
  return outage.sinceUs >= 0 && needsNetwork(host)
}

/**
 * Whether what began at `beganUs` had to do with an outage: the one there is, or the last one that had not ended then. What is
 * decided in the step that ends it bears that step's moment and goes out afterwards.
 */
export function isExcused(state: State, id: CandidateId, beganUs: number): boolean {
  const { sinceUs, endedAtUs } = state.outage
  if (sinceUs < 0 && (endedAtUs < 0 || beganUs >= endedAtUs)) return false
  const candidate = Candidates.find(state, id)
  return candidate !== undefined && needsNetwork(candidate.host)
}
