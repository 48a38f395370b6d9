/** Events as Effect schemas, for the reader of records. */
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import type { Entry, Event } from "../model/Event.ts"
import { ConfigSchema } from "./Config.ts"
import { HistoryRecordSchema } from "./History.ts"

const Count = Schema.Int
const Micros = Schema.Int
const DialFailure = Schema.Literals([
  "refused",
  "reset",
  "timeout",
  "unreachable",
  "implausible",
  "local",
  "certificate"
])
const Outcome = Schema.Literals([
  "connected",
  "cancelled",
  "unresolved",
  "refused",
  "reset",
  "timeout",
  "unreachable",
  "implausible",
  "local",
  "denied",
  "certificate"
])
const CloseCause = Schema.Literals([
  "done",
  "client-reset",
  "upstream-reset",
  "upstream-closed",
  "upstream-alert",
  "idle",
  "half-close-timeout",
  "stopped"
])
const worker = Count
const Endpoint = Schema.Union([Count, Schema.Literal("system")])
const ProbeTarget = Schema.Union([Count, Schema.Literal("reference")])
const Chosen = Schema.Union([Count, Schema.Literal("none")])
const Attempt = Schema.Struct({
  candidate: Endpoint,
  host: Schema.optionalKey(Schema.String),
  outcome: Outcome,
  tookUs: Micros,
  verified: Schema.optionalKey(Schema.Literal(true))
})

export const EventSchema = Schema.TaggedUnion({
  Started: { worker, wallMs: Schema.Int },
  WallRead: { worker, wallMs: Schema.Int },
  Ticked: { worker },
  ProbeSucceeded: {
    worker,
    probe: Count,
    candidate: ProbeTarget,
    tookUs: Micros,
    identity: Schema.Literals(["verified", "unchecked"])
  },
  ProbeFailed: { worker, probe: Count, candidate: ProbeTarget, tookUs: Micros, reason: DialFailure },
  ClientAccepted: {
    worker,
    session: Count,
    listener: Schema.String,
    upstream: Count,
    routes: Count,
    chosen: Chosen,
    why: Schema.Literals(["only", "cheapest", "balanced", "unranked"]),
    candidate: Schema.Union([Count, Schema.Literals(["system", "none"])]),
    warm: Count,
    client: Count,
    tried: Schema.Array(Attempt)
  },
  ClientClosed: {
    worker,
    session: Count,
    candidate: Endpoint,
    client: Count,
    bytesUp: Count,
    bytesDown: Count,
    firstByteUs: Micros,
    answerUs: Micros,
    durationUs: Micros,
    silence: Schema.Literals(["none", "silent", "stalled"]),
    cause: CloseCause
  },
  DialPending: { worker, candidate: Count, pendingUs: Micros },
  SessionSilent: { worker, session: Count, candidate: Endpoint, waitedUs: Micros },
  SessionSpoke: { worker, session: Count, candidate: Endpoint, side: Schema.optionalKey(Schema.Literal("client")) },
  SessionStalled: { worker, session: Count, candidate: Endpoint, client: Count },
  WarmConnected: { worker, warm: Count, candidate: Count, tookUs: Micros },
  WarmFailed: { worker, warm: Count, candidate: Count, tookUs: Micros, reason: DialFailure },
  WarmLost: {
    worker,
    warm: Count,
    candidate: Count,
    reason: Schema.Literals(["closed", "reset", "expired", "drained"]),
    ageUs: Micros
  },
  Resolved: {
    worker,
    resolve: Count,
    upstream: Count,
    addresses: Schema.Array(Schema.String),
    omitted: Count,
    silent: Count,
    more: Schema.optionalKey(Schema.Literal(true))
  },
  ResolveFailed: { worker, resolve: Count, upstream: Count, reason: Schema.String },
  WorkerLost: { worker },
  ConfigChanged: { worker, config: ConfigSchema },
  EnabledOverridden: { worker, enabled: Schema.NullOr(Schema.Boolean) },
  RefreshRequested: { worker, upstream: Schema.Union([Count, Schema.Literal("all")]) },
  HistoryLoaded: { worker, network: Schema.String, records: Schema.Array(HistoryRecordSchema) },
  InterfacesChanged: { worker, families: Schema.Array(Schema.Literals(["ipv4", "ipv6"])) },
  DomainRequested: { worker, upstream: Chosen, host: Schema.String, port: Count },
  Raced: { worker, race: Count, upstream: Count, candidate: Chosen, tried: Schema.Array(Attempt), tookUs: Micros }
})

/** Fails to compile when the schema and the type in `model` differ. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
const same: Same<typeof EventSchema.Type, Event> = true
void same

export const EntrySchema = Schema.Struct({ seq: Count, at: Micros, event: EventSchema })

// A record has millions of entries. Compiled code decodes each in a fifth of the time. Where code may not be compiled, this has
// no effect.
SchemaJITCompiler.enable(EntrySchema.ast)

/** Decodes one entry. Throws where the input is none; the message names the path and what was expected there. */
export const decodeEntry: (input: unknown) => Entry = Schema.decodeUnknownSync(EntrySchema)
