/** The part of `/status` that the command shows. */
import * as Schema from "effect/Schema"

const Candidate = Schema.Struct({
  id: Schema.String,
  address: Schema.String,
  score: Schema.Finite,
  costMs: Schema.NullOr(Schema.Finite),
  latencyMs: Schema.NullOr(Schema.Finite),
  jitterMs: Schema.NullOr(Schema.Finite),
  successRate: Schema.Finite,
  breaker: Schema.String,
  suspect: Schema.Boolean,
  active: Schema.Boolean,
  warm: Schema.Finite,
  connections: Schema.Finite
})

const TlsStage = Schema.Struct({
  stage: Schema.String,
  on: Schema.Boolean,
  offUntil: Schema.NullOr(Schema.String),
  served: Schema.Finite,
  failed: Schema.Finite,
  lastFailure: Schema.NullOr(Schema.Struct({ reason: Schema.String, at: Schema.NullOr(Schema.String) })),
  unpinned: Schema.Finite
})

const Upstream = Schema.Struct({
  name: Schema.String,
  host: Schema.NullOr(Schema.String),
  port: Schema.NullOr(Schema.Finite),
  dns: Schema.NullOr(Schema.Struct({ reason: Schema.String })),
  state: Schema.String,
  /** A service of an earlier version has none. */
  commonCause: Schema.optionalKey(Schema.NullOr(Schema.Struct({ sinceSeconds: Schema.Finite }))),
  selectedAt: Schema.NullOr(Schema.String),
  candidateCount: Schema.Finite,
  /** A service of an earlier version has none. */
  tlsStages: Schema.optionalKey(Schema.Array(TlsStage)),
  candidates: Schema.Array(Candidate)
})

const Listener = Schema.Struct({
  name: Schema.String,
  protocol: Schema.String,
  listen: Schema.String,
  connections: Schema.Finite,
  waiting: Schema.Finite,
  paused: Schema.Boolean,
  accepted: Schema.Finite,
  refused: Schema.Finite
})

export const StatusDocument = Schema.Struct({
  enabled: Schema.Boolean,
  override: Schema.NullOr(Schema.Boolean),
  autoDisabledUntil: Schema.NullOr(Schema.String),
  outage: Schema.NullOr(Schema.Struct({ sinceSeconds: Schema.Finite, reason: Schema.String })),
  uptimeSeconds: Schema.Finite,
  restarts: Schema.Finite,
  record: Schema.Struct({ from: Schema.Finite, to: Schema.Finite, gaps: Schema.Finite }),
  listeners: Schema.Array(Listener),
  upstreams: Schema.Array(Upstream)
})
export type StatusDocument = typeof StatusDocument.Type
export type ShownTlsStage = typeof TlsStage.Type
export type ShownUpstream = typeof Upstream.Type
export type ShownCandidate = typeof Candidate.Type

export const decodeStatus = Schema.decodeUnknownResult(Schema.fromJsonString(StatusDocument))
