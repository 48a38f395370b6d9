/** Faults of DNS, under an upstream whose addresses come from a name. */
import { setTimeout as pause } from "node:timers/promises"
import type { Fault, Proof } from "./Fault.ts"
import { HOSTS, NAME, REFRESH_MS } from "./services.ts"
import type { Stage } from "./Stage.ts"
import { nowMs } from "./Stage.ts"

const HOLD_MS = 12_000
/** Nothing answers there. */
const NOWHERE = "198.18.0.66"
/** No host can be there. */
const IMPOSSIBLE = "0.0.0.0"
/** Time for a query that a silent server has held up, and for the wait before the next one. */
const RESOLVED_WITHIN_MS = 20_000

const changed: Proof = {
  says: "MembershipChanged",
  seen: (stage, sinceMs) => stage.fact(sinceMs, "MembershipChanged")
}

/** The name leads elsewhere for a while. */
const lies = async (stage: Stage, addresses: ReadonlyArray<string>) => {
  stage.names?.knows({ [NAME]: addresses })
  await pause(HOLD_MS)
  stage.names?.knows({ [NAME]: HOSTS })
  return nowMs()
}

export const OF_NAMES: ReadonlyArray<Fault> = [
  {
    name: "DNS dies",
    kind: "named",
    expected: "The known addresses serve on.",
    noticed: { says: "NameUnresolved", seen: (stage, sinceMs) => stage.fact(sinceMs, "NameUnresolved") },
    happen: async (stage) => {
      stage.names?.freeze()
      await pause(HOLD_MS)
      stage.names?.thaw()
      return nowMs()
    },
    over: { says: "NameResolved", seen: (stage, sinceMs) => stage.fact(sinceMs, "NameResolved") },
    withinMs: RESOLVED_WITHIN_MS
  },
  {
    name: "DNS lies: adds wrong addresses",
    kind: "named",
    expected: "No client goes to an address where nothing is, and impossible ones are left out.",
    noticed: changed,
    happen: (stage) => lies(stage, [NOWHERE, IMPOSSIBLE, ...HOSTS]),
    withinMs: RESOLVED_WITHIN_MS
  },
  {
    name: "DNS lies: only a wrong address",
    kind: "named",
    expected: "The list follows DNS, so no client can be served; they are when DNS is right and asked again.",
    noticed: changed,
    happen: async (stage) => {
      stage.noneCan(true)
      const mendedMs = await lies(stage, [NOWHERE])
      await pause(REFRESH_MS)
      stage.noneCan(false)
      return mendedMs
    },
    withinMs: RESOLVED_WITHIN_MS
  }
]
