/** Values that the core has in its configuration. */
import * as Schema from "effect/Schema"

export const AddressValue = Schema.Struct({
  /** An IP literal in canonical form. */
  host: Schema.String,
  port: Schema.Finite
})
export interface Address extends Schema.Schema.Type<typeof AddressValue> {}

export const NetworkValue = Schema.Struct({
  /** As it is written: `198.18.0.0/15`. */
  cidr: Schema.String,
  /** Its first address as unsigned 32-bit words: one for IPv4, four for IPv6. */
  words: Schema.Array(Schema.Finite),
  /** Number of leading bits that its addresses share. */
  bits: Schema.Finite
})
export interface Network extends Schema.Schema.Type<typeof NetworkValue> {}
