/** What the schemas of all facts share. */
import * as Schema from "effect/Schema"

export const Label = Schema.String.annotate({ description: "A candidate: its upstream's name, # and its number there" })
export const Millis = Schema.Finite
export const Count = Schema.Int

/** The fields of every fact. */
const common = {
  v: Schema.Literal(1),
  seq: Count.annotate({ description: "Number of the fact, from 1 in each process, without gaps" }),
  entry: Count.annotate({ description: "The entry of the record that caused it; -1: none" }),
  at: Schema.String.annotate({ description: "Wall time, ISO 8601" }),
  upstream: Schema.NullOr(Schema.String).annotate({ description: "null: it concerns the service as a whole" }),
  dropped: Schema.optionalKey(
    Count.annotate({ description: "Facts of this kind that the rate limit kept back since the last one" })
  )
}

export function fact<const K extends string, const F extends Schema.Struct.Fields>(kind: K, description: string, fields: F) {
  return Schema.Struct({ ...common, kind: Schema.Literal(kind), ...fields }).annotate({ identifier: kind, description })
}
