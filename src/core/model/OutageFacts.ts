/** Facts about failures with a cause that is not one candidate's, for people and meters. */
import type { UpstreamId } from "./Candidate.ts"
import type { OutageReason } from "./Outage.ts"

/** This machine's own network is down. Failures since then are rolled back, and no candidate is judged. */
export interface OutageBegan {
  readonly _tag: "OutageBegan"
  readonly reason: OutageReason
}
/** An address answered again. */
export interface OutageEnded {
  readonly _tag: "OutageEnded"
  readonly reason: OutageReason
  readonly tookUs: number
}

/** All candidates of an upstream that could serve have failed. The changes that their failures made are rolled back. */
export interface CommonCauseBegan {
  readonly _tag: "CommonCauseBegan"
  readonly upstream: UpstreamId
  readonly candidates: number
}
/** The first of these candidates answered again. */
export interface CommonCauseEnded {
  readonly _tag: "CommonCauseEnded"
  readonly upstream: UpstreamId
  readonly tookUs: number
}

/** All candidates failed for several rounds, so every client goes to the last resort for `forMs`. */
export interface AutoDisabled {
  readonly _tag: "AutoDisabled"
  readonly rounds: number
  readonly forMs: number
}
/** That pause is over. */
export interface AutoEnabled {
  readonly _tag: "AutoEnabled"
  readonly reason: "cooldown" | "operator" | "reload" | "answered"
}
