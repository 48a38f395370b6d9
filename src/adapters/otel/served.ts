/** Who serves a client, as an accepted client's `candidate` tells it. */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { State } from "../../core/model/State.ts"

/** Nobody could be reached. */
export const NOBODY = -1

/** The source that names the address; undefined when nobody serves, or the core has forgotten it. */
export function sourceOf(state: State, candidate: CandidateId): string | undefined {
  // What is no candidate came from the system's resolver just then.
  return candidate < NOBODY ? "system" : Candidates.find(state, candidate)?.sources[0]
}
