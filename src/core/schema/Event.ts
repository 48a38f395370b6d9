/**
 * Events: what happened outside the core, as plain data, each named in the past tense. An event carries no time of its own: the
 * entry around it does. As Effect schemas they serve the reader of records; the order of fields and of events is part of the
 * schema's digest.
 *
 * Each class is a schema and the name of its record's type. A record is a plain object, never an instance.
 */
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import type { Config } from "./Config.ts"
import { ConfigSchema } from "./Config.ts"
import type { HistoryRecord } from "./History.ts"
import { HistoryRecordSchema } from "./History.ts"
import { UpstreamId } from "./ids.ts"
import {
  ProbeFailed,
  ProbeSucceeded,
  Raced,
  Resolved,
  ResolveFailed,
  WarmConnected,
  WarmFailed,
  WarmLost
} from "./searchEvents.ts"
import {
  ClientAccepted,
  ClientClosed,
  ConnectionKept,
  DialPending,
  DomainRequested,
  SessionSilent,
  SessionSpoke,
  SessionStalled
} from "./sessionEvents.ts"
import { TlsTried } from "./tlsEvents.ts"

const ConfigCodec: Schema.Codec<Config> = ConfigSchema
const HistoryCodec: Schema.Codec<HistoryRecord> = HistoryRecordSchema

/** The core started. It is the first event of a run. */
export class Started extends Schema.Opaque<Started>()(Schema.TaggedStruct("Started", {
  worker: Schema.Int,
  /** Wall time, in ms since 1970. */
  wallMs: Schema.Int
})) {}

/** The shell read the wall clock. The core learns from it how old its history is. */
export class WallRead extends Schema.Opaque<WallRead>()(Schema.TaggedStruct("WallRead", {
  worker: Schema.Int,
  wallMs: Schema.Int
})) {}

/** A deadline of the core has come. */
export class Ticked extends Schema.Opaque<Ticked>()(Schema.TaggedStruct("Ticked", { worker: Schema.Int })) {}

/** A worker died with all its sockets. */
export class WorkerLost extends Schema.Opaque<WorkerLost>()(Schema.TaggedStruct("WorkerLost", { worker: Schema.Int })) {}

/** A changed configuration passed all checks. It holds no secrets. The core arranges it so that upstreams keep their slots (arrange.ts). */
export class ConfigChanged extends Schema.Opaque<ConfigChanged>()(Schema.TaggedStruct("ConfigChanged", {
  worker: Schema.Int,
  config: ConfigCodec
})) {}

/** An operator turns Fairlead off or on until a restart or reload; null ends that. */
export class EnabledOverridden extends Schema.Opaque<EnabledOverridden>()(Schema.TaggedStruct("EnabledOverridden", {
  worker: Schema.Int,
  enabled: Schema.NullOr(Schema.Boolean)
})) {}

/** An operator wants an upstream resolved and measured anew. */
export class RefreshRequested extends Schema.Opaque<RefreshRequested>()(Schema.TaggedStruct("RefreshRequested", {
  worker: Schema.Int,
  /** `all`: all upstreams that are live. */
  upstream: Schema.Union([UpstreamId, Schema.Literal("all")])
})) {}

/** What earlier runs measured. It comes once, right after the start, unless there is nothing. */
export class HistoryLoaded extends Schema.Opaque<HistoryLoaded>()(Schema.TaggedStruct("HistoryLoaded", {
  worker: Schema.Int,
  /** The network that this machine is in now, written as in the records; empty: not known. */
  network: Schema.String,
  records: Schema.Array(HistoryCodec)
})) {}

/** The addresses of this machine changed, or were read for the first time. */
export class InterfacesChanged extends Schema.Opaque<InterfacesChanged>()(Schema.TaggedStruct("InterfacesChanged", {
  worker: Schema.Int,
  /** Families of the addresses that lead off the machine; none: no interface is usable. */
  families: Schema.Array(Schema.Literals(["ipv4", "ipv6"]))
})) {}

const EventSchema = Schema.Union([
  Started,
  WallRead,
  Ticked,
  ProbeSucceeded,
  ProbeFailed,
  ClientAccepted,
  ClientClosed,
  DialPending,
  SessionSilent,
  SessionSpoke,
  SessionStalled,
  WarmConnected,
  WarmFailed,
  WarmLost,
  Resolved,
  ResolveFailed,
  WorkerLost,
  ConfigChanged,
  EnabledOverridden,
  RefreshRequested,
  HistoryLoaded,
  InterfacesChanged,
  DomainRequested,
  Raced,
  TlsTried,
  ConnectionKept
])

/** The union under the name of the alias that asks for it: a type of many members is read by its name. */
type Named<T> = T extends unknown ? T : never

/** All events. */
export type Event = Named<typeof EventSchema.Type>

const EventCodec: Schema.Codec<Event> = EventSchema

/** An event with its number and its moment: `at` is a whole number of µs since the run began. It never goes back. */
export class Entry extends Schema.Opaque<Entry>()(Schema.Struct({ seq: Schema.Int, at: Schema.Int, event: EventCodec })) {}

// A record has millions of entries. Compiled code decodes each in a fifth of the time. Where code may not be compiled, this has
// no effect.
SchemaJITCompiler.enable(Entry.ast)

/** Decodes one entry. Throws where the input is none; the message names the path and what was expected there. */
export const decodeEntry: (input: unknown) => Entry = Schema.decodeUnknownSync(Entry)
