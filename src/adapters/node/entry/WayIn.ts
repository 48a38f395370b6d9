/** What a listener demands of its clients, beyond what the data plane has to know of it. */
import type * as Redacted from "effect/Redacted"
import type { Pattern } from "../../../ingress/allowed.ts"
import type { Entry } from "../../../plane/Entry.ts"

export interface WayIn extends Entry {
  /** Most bytes that a client may send until it has named its target. */
  readonly maxBytes: number
  /** What its clients may ask for. */
  readonly allow: ReadonlyArray<Pattern>
  /** Passwords by user; none: no client needs one. */
  readonly users: Redacted.Redacted<Readonly<Record<string, string>>>
}
