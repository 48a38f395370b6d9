/** Facts about warm pools, for people and meters. */
import type { CandidateId, UpstreamId, WithheldReason } from "./Candidate.ts"

/** The wanted number of warm sockets changed. */
export interface PoolResized {
  readonly _tag: "PoolResized"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly from: number
  readonly to: number
}

/** Warm sockets kept clients from being served, so the pool stays empty for `forMs`. */
export interface WarmWithheld {
  readonly _tag: "WarmWithheld"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly reason: WithheldReason
  readonly forMs: number
}
