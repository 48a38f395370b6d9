/** Facts about TLS connections of programs, for people and meters. */
import type { Endpoint, UpstreamId } from "./Candidate.ts"
import type { TlsOutcome, TlsStage } from "./Event.ts"

/** A stage gave a program its connection. */
export interface TlsServed {
  readonly _tag: "TlsServed"
  readonly upstream: UpstreamId
  readonly stage: TlsStage
  readonly candidate: Endpoint | "none"
  /** Of the TLS handshake. */
  readonly tlsUs: number
  /** From the program's request. */
  readonly tookUs: number
}
/** A stage gave none, and another one is next; `none`: that was the last one. */
export interface TlsFellBack {
  readonly _tag: "TlsFellBack"
  readonly upstream: UpstreamId
  readonly from: TlsStage
  readonly to: TlsStage | "none"
  /** The last one that was tried. */
  readonly candidate: Endpoint | "none"
  readonly reason: TlsOutcome
  readonly tookUs: number
}
/** A valid certificate had none of the pinned keys. */
export interface TlsPinMismatched {
  readonly _tag: "TlsPinMismatched"
  readonly upstream: UpstreamId
  readonly stage: TlsStage
  readonly candidate: Endpoint | "none"
  /** false: pins are only reported. */
  readonly stopped: boolean
}
/** A stage is off for `forMs`. */
export interface TlsStageDisabled {
  readonly _tag: "TlsStageDisabled"
  readonly upstream: UpstreamId
  readonly stage: TlsStage
  readonly reason: "certificate" | "handshake" | "timeout"
  readonly forMs: number
}
/** A stage is on again: it served. */
export interface TlsStageEnabled {
  readonly _tag: "TlsStageEnabled"
  readonly upstream: UpstreamId
  readonly stage: TlsStage
}
export type TlsFact = TlsServed | TlsFellBack | TlsPinMismatched | TlsStageDisabled | TlsStageEnabled
