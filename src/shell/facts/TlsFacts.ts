/** Facts about TLS connections of programs. Names and fields are those of the seed. */
import * as Schema from "effect/Schema"
import { fact, Label, Millis } from "./factSchema.ts"

const Stage = Schema.Literals(["cover", "real", "system"])
const tried = {
  candidate: Schema.NullOr(Label).annotate({ description: "null: an address of the system's resolver, or none" }),
  ipSource: Schema.NullOr(Schema.String).annotate({ description: "null: the system's resolver, or the pool is off" }),
  ipLatencyMs: Schema.NullOr(Millis).annotate({ description: "As measured by probes; null: not measured" })
}

export const AdaptiveTlsTiming = fact("AdaptiveTlsTiming", "A program got a TLS connection", {
  ...tried,
  ipSelectionStage: Stage,
  tlsMs: Millis.annotate({ description: "Of the TLS handshake" }),
  tookMs: Millis.annotate({ description: "From the program's request" })
})
export const AdaptiveTlsFallback = fact("AdaptiveTlsFallback", "A stage of TLS gave a program no connection", {
  ...tried,
  ipSelectionStage: Stage,
  to: Schema.NullOr(Stage).annotate({ description: "The stage that was next; null: it was the last one" }),
  reason: Schema.String.annotate({
    description: "certificate, handshake or timeout of the last address; unreached: none was connected"
  }),
  tookMs: Millis
})
export const AdaptiveTlsPinMismatch = fact("AdaptiveTlsPinMismatch", "A valid certificate has none of the pinned keys", {
  ...tried,
  ipSelectionStage: Stage,
  stopped: Schema.Boolean.annotate({ description: "false: `pinsReportOnly` let the connection serve" })
})
export const AdaptiveTlsAutoDisable = fact(
  "AdaptiveTlsAutoDisable",
  "A stage of TLS failed so often that it is off for a while",
  { ipSelectionStage: Stage, reason: Schema.String, forMs: Millis }
)
export const AdaptiveTlsAutoEnable = fact("AdaptiveTlsAutoEnable", "A stage of TLS that was off served again", {
  ipSelectionStage: Stage
})
