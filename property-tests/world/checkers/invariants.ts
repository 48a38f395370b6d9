/** The core's own invariants and bounds hold, no request comes late, and no decision is one that a shell may not get. */
import { cheapFault, faults } from "../../../src/core/invariants.ts"
import { Legality } from "../../../src/sim/legal.ts"
import type { SimShell } from "../../../src/sim/SimShell.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

/** A look at everything costs as much as fifty entries. */
const EVERY = 64

export const invariants: MakeChecker = ({ met }): Checker => {
  let legality = new Legality()
  return {
    began: () => void (legality = new Legality()),
    folded: (_process, { entry, before, advanced: { state, late } }) => {
      const cheap = cheapFault(before, state)
      mustHold(cheap === null, () => `entry ${entry.seq} (${entry.event._tag}): ${cheap}`)
      mustHold(late === null, () => `entry ${entry.seq} (${entry.event._tag}): a late request: ${late}`)
      if (entry.seq % EVERY !== 0) return
      met("all invariants were checked")
      const found = faults(state)
      mustHold(found.length === 0, () => `after entry ${entry.seq} (${entry.event._tag}): ${found.join("; ")}`)
    },
    decided: (process, decision, folded) => {
      const { probes, dials, warmPool } = process
      legality.check(decision, folded, { probes, dials, warm: { size: warmPool.size } } as unknown as SimShell)
    }
  }
}
