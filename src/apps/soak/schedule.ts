/** What goes wrong, and when. The seed decides the order and the target; the duration decides how long each fault lasts. */
import type { GroupName } from "./world.ts"
import { nearestOf } from "./world.ts"

export type FaultKind =
  | "dies"
  | "refuses"
  | "stalls"
  | "resets"
  | "cuts"
  | "slows"
  | "flaps"
  | "outage"
  | "resolver"
  | "switched-off"
  | "broken-reload"

export interface PlannedFault {
  readonly kind: FaultKind
  readonly atMs: number
  readonly untilMs: number
  /** What it concerns. The resolver and an operator concern all clients. */
  readonly group: GroupName | "all"
  /** Position of the address; -1: all of the group, or none. */
  readonly position: number
}

const OF_ONE_ADDRESS: ReadonlyArray<FaultKind> = ["dies", "refuses", "stalls", "resets", "cuts", "slows", "flaps"]
const OF_ALL: ReadonlyArray<FaultKind> = ["resolver", "switched-off", "broken-reload"]
export const FAULT_KINDS: ReadonlyArray<FaultKind> = [...OF_ONE_ADDRESS, "outage", ...OF_ALL]

/** All faults come once in each cycle of at most this length. */
export const CYCLE_MS = 600_000
/** The first slot of each cycle is quiet, and the second part of each other one. */
const SLOTS = FAULT_KINDS.length + 1
const FAULT_SHARE = 0.4
/** Faults that hit one group hit the preheated upstream as often. */
const WEB_SHARE = 0.5

/** Length of a cycle: the duration is a whole number of them. */
export function cycleOf(durationMs: number): number {
  return durationMs / Math.max(1, Math.round(durationMs / CYCLE_MS))
}

/**
 * How much faster than in normal service everything happens, from 0 to 1: intervals of the service and time limits of the
 * verdict shrink by it. From ten minutes on it is 1.
 */
export function scaleOf(durationMs: number): number {
  return Math.min(1, cycleOf(durationMs) / CYCLE_MS)
}

/** `draw` gives uniform numbers in [0, 1). */
export function scheduleOf(durationMs: number, draw: () => number): ReadonlyArray<PlannedFault> {
  const cycleMs = cycleOf(durationMs)
  const slotMs = cycleMs / SLOTS
  const faults: Array<PlannedFault> = []
  for (let cycle = 0; cycle < Math.round(durationMs / cycleMs); cycle++) {
    for (const [i, kind] of shuffled(FAULT_KINDS, draw).entries()) {
      const atMs = cycle * cycleMs + (i + 1) * slotMs
      const group = OF_ALL.includes(kind) ? "all" : draw() < WEB_SHARE ? "web" : "names"
      const position = group !== "all" && OF_ONE_ADDRESS.includes(kind) ? nearestOf(group) : -1
      faults.push({ kind, atMs, untilMs: atMs + FAULT_SHARE * slotMs, group, position })
    }
  }
  return faults
}

function shuffled<A>(values: ReadonlyArray<A>, draw: () => number): ReadonlyArray<A> {
  const left = [...values]
  const order: Array<A> = []
  while (left.length > 0) order.push(...left.splice(Math.floor(draw() * left.length), 1))
  return order
}

const SAYS: Readonly<Record<FaultKind, string>> = {
  dies: "goes dark: packets to it get no answer",
  refuses: "refuses connections",
  stalls: "accepts connections and never answers",
  resets: "accepts connections and resets each session",
  cuts: "resets long answers midway",
  slows: "becomes ten times slower",
  flaps: "goes dark and comes back every second",
  outage: "all addresses refuse connections",
  resolver: "the resolver does not answer",
  "switched-off": "an operator switches Fairlead off, and on again",
  "broken-reload": "the configuration is reloaded with a mistake, then without"
}

export function saysOf({ kind, group, position }: Pick<PlannedFault, "kind" | "group" | "position">): string {
  if (group === "all") return SAYS[kind]
  return position < 0 ? `${group}: ${SAYS[kind]}` : `${group}, nearest address: ${SAYS[kind]}`
}
