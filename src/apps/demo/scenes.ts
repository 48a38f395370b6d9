/** The script: what happens to the addresses, and when. */
import type { Fault } from "../../adapters/demo/Site.ts"

/** Round trips of the addresses at the start, in ms. */
export const HOME_RTTS_MS = [20, 35, 50, 75, 120] as const

/**
 * The duration that the script was written for, in ms. Another duration stretches the script and the service's intervals alike.
 */
export const NORMAL_MS = 60_000

export interface Change {
  /** Index of the address. */
  readonly site: number
  readonly rttMs?: number
  readonly fault?: Fault
}

export interface Scene {
  /** The share of the whole duration that has passed when the scene begins. */
  readonly at: number
  readonly says: string
  readonly changes: ReadonlyArray<Change>
}

const all = (fault: Fault) => HOME_RTTS_MS.map((_, site) => ({ site, fault }))

export const SCENES: ReadonlyArray<Scene> = [
  { at: 0, says: "five addresses can serve, 20 to 120 ms away; none is measured yet", changes: [] },
  { at: 10 / 60, says: "web#1 becomes slower: 20 -> 90 ms", changes: [{ site: 0, rttMs: 90 }] },
  {
    at: 19 / 60,
    says: "web#2, now the nearest, goes dark: packets to it get no answer",
    changes: [{ site: 1, fault: "dark" }]
  },
  { at: 29 / 60, says: "web#1 is near again: 90 -> 20 ms", changes: [{ site: 0, rttMs: 20 }] },
  { at: 33 / 60, says: "web#2 is back", changes: [{ site: 1, fault: "none" }] },
  {
    at: 42 / 60,
    says: "web#1 accepts connections, then resets every session",
    changes: [{ site: 0, fault: "resetting" }]
  },
  { at: 48 / 60, says: "web#1 serves again", changes: [{ site: 0, fault: "none" }] },
  { at: 52 / 60, says: "every address refuses connections: none is left", changes: all("refusing") },
  { at: 54 / 60, says: "all addresses are back", changes: all("none") }
]
