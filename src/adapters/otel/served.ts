/** The address that serves a client, from `candidate` of the event `ClientAccepted`. */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { State } from "../../core/model/State.ts"

/** No address could be reached. */
export const UNSERVED = -1

/** The source that names the address; undefined: no address serves, or the core has forgotten the candidate. */
export function sourceOf(state: State, candidate: CandidateId): string | undefined {
  // An address that is no candidate came from the resolver for this client.
  return candidate < UNSERVED ? "system" : Candidates.find(state, candidate)?.sources[0]
}
