/** The only place where chance enters: once per process, and from then on it is data. */
import { randomBytes } from "node:crypto"
import type { Run } from "../../record/Segment.ts"

/** A new run's name and seed (48 bits). */
export function newRun(): Run {
  return { id: randomBytes(6).toString("hex"), seed: randomBytes(6).readUIntBE(0, 6) }
}
