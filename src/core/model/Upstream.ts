/** One service that several addresses can give, and the set of addresses that gives it now. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"

export interface Upstream {
  readonly id: UpstreamId
  readonly name: string
  /** Its candidates' ids in configured order: the order of the last resort. */
  readonly listed: ReadonlyArray<CandidateId>
  readonly nextOrdinal: number
  /** Active set, cheapest first as of the last evaluation. */
  readonly members: ReadonlyArray<CandidateId>
  readonly evaluatedAtUs: number
  readonly evaluateDueUs: number
  readonly selectedAtUs: number
  readonly roundDueUs: number
  /** Candidates that have never answered nor failed a probe: the first round is over when it is 0. */
  readonly unsampled: number
}
