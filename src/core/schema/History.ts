/** A record of history as an Effect schema, for the readers of history files and of records of runs. */
import * as Schema from "effect/Schema"
import { parseEndpoint } from "./units.ts"

const MOST_NAME_CHARS = 253
const MOST_NETWORK_CHARS = 64

/** Sources that can name an address as a candidate. */
const SourceSchema = Schema.Literals(["user-static", "dns", "history", "builtin", "fallback"])
export type Source = typeof SourceSchema.Type

const short = (most: number) =>
  Schema.String.check(Schema.makeFilter((text) => text.length <= most ? undefined : `expected at most ${most} characters`))

const Literal = Schema.String.check(
  Schema.makeFilter((text) => parseEndpoint(text)?.host === text ? undefined : "expected an IP in canonical form")
)

const within = (least: number, most: number) =>
  Schema.makeFilter((value: number) => value >= least && value <= most ? undefined : `expected ${least} to ${most}`)

/** What a run leaves to the next one of one address: how fast it answered, and when. Moments are wall time in ms since 1970. */
export const HistoryRecordSchema = Schema.Struct({
  /** Host of the upstream; empty: it has none. */
  host: short(MOST_NAME_CHARS),
  /** Name of the upstream, where it has no host. */
  upstream: Schema.optionalKey(Schema.String),
  /** Port of the address. */
  port: Schema.Int.check(within(1, 65_535)),
  /** An IP literal in canonical form. */
  address: Literal,
  /** Sources that named the address when the record was written; empty: none did any more. */
  sources: Schema.Array(SourceSchema),
  latencyMs: Schema.Finite.check(within(0, 86_400_000)),
  measuredMs: Schema.Int,
  /** From this moment on the record is worth nothing. */
  expiresMs: Schema.Int,
  /** The network that the address was measured from, where it is known. */
  network: Schema.optionalKey(short(MOST_NETWORK_CHARS)),
  /** How long the upstream let an idle HTTP connection live, where that is known. */
  keptMs: Schema.optionalKey(Schema.Int.check(within(0, 86_400_000)))
})

export interface HistoryRecord extends Schema.Schema.Type<typeof HistoryRecordSchema> {}
