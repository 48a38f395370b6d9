/** A fault of `bench:faults`: what happens, what is expected, and what proves that it was noticed and that it is over. */
import type { Kind } from "./services.ts"
import type { Stage } from "./Stage.ts"

/** Something that can be seen of a service. */
export interface Proof {
  /** What is looked at, in a few words. */
  readonly says: string
  /** The wall time in ms at which it was seen, not before `sinceMs`; undefined: not yet. */
  readonly seen: (stage: Stage, sinceMs: number) => number | undefined | Promise<number | undefined>
}

export interface Fault {
  readonly name: string
  readonly kind: Kind
  /** One sentence. */
  readonly expected: string
  /** The fact, log line, metric or entry of the record that shows it. Without it the fault is missed. */
  readonly noticed: Proof
  /** Makes the fault and mends it. Gives the wall time from which recovery counts. */
  readonly happen: (stage: Stage) => Promise<number>
  /** What shows that it is over; by default a client on the best address. */
  readonly over?: Proof
  /** The longest time until then. */
  readonly withinMs: number
  /** What is wrong afterwards, beside what all faults are judged by; undefined: nothing. */
  readonly wrong?: (stage: Stage, sinceMs: number) => string | undefined
}
