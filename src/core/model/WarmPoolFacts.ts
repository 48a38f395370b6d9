/** What the core tells of warm sockets: facts for people and meters. */
import type { CandidateId, UpstreamId, WithheldReason } from "./Candidate.ts"

/** Another number of warm sockets is wanted. */
export interface PoolResized {
  readonly _tag: "PoolResized"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly from: number
  readonly to: number
}

/** Warm sockets stood in the way of clients: none are kept there for a while. */
export interface WarmWithheld {
  readonly _tag: "WarmWithheld"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly reason: WithheldReason
  readonly forMs: number
}
