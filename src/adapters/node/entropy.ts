/** The one source of randomness. It is read once for each run; from then on chance is data. */
import { randomBytes } from "node:crypto"
import type { Run } from "../../record/Segment.ts"

/** The name and the seed (48 bits) of a new run. */
export function newRun(): Run {
  return { id: randomBytes(6).toString("hex"), seed: randomBytes(6).readUIntBE(0, 6) }
}
