/** A record of history as an Effect schema, for the readers of history files and of records of runs. */
import * as Schema from "effect/Schema"
import type { HistoryRecord } from "../model/History.ts"
import { parseEndpoint } from "./units.ts"

const MOST_NAME_CHARS = 253
const MOST_NETWORK_CHARS = 64
const SOURCES = ["user-static", "dns", "history", "builtin", "fallback"] as const

const short = (most: number) =>
  Schema.String.check(Schema.makeFilter((text) => text.length <= most ? undefined : `expected at most ${most} characters`))

const Literal = Schema.String.check(
  Schema.makeFilter((text) => parseEndpoint(text)?.host === text ? undefined : "expected an IP in canonical form")
)

const within = (least: number, most: number) =>
  Schema.makeFilter((value: number) => value >= least && value <= most ? undefined : `expected ${least} to ${most}`)

export const HistoryRecordSchema = Schema.Struct({
  host: short(MOST_NAME_CHARS),
  upstream: Schema.optionalKey(Schema.String),
  port: Schema.Int.check(within(1, 65_535)),
  address: Literal,
  sources: Schema.Array(Schema.Literals(SOURCES)),
  latencyMs: Schema.Finite.check(within(0, 86_400_000)),
  measuredMs: Schema.Int,
  expiresMs: Schema.Int,
  network: Schema.optionalKey(short(MOST_NETWORK_CHARS))
})

/** Fails to compile when the schema and the type in `model` differ. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
const same: Same<typeof HistoryRecordSchema.Type, HistoryRecord> = true
void same
