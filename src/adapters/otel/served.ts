/** The address that serves a client, from `candidate` of the event `ClientAccepted`. */
import * as Candidates from "../../core/candidates.ts"
import type { Endpoint } from "../../core/model/Candidate.ts"
import type { State } from "../../core/model/State.ts"

/** The source that names the address; undefined: no address serves, or the core has forgotten the candidate. */
export function sourceOf(state: State, candidate: Endpoint | "none"): string | undefined {
  return candidate === "system" ? "system" : Candidates.find(state, candidate)?.sources[0]
}
