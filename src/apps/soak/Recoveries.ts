/** After each fault: how long until the nearest address serves again. */
import type { PlannedFault } from "./schedule.ts"
import { saysOf } from "./schedule.ts"

export interface Seen {
  readonly clients: number
  readonly served: number
}

export interface FaultSeen extends Pick<PlannedFault, "kind" | "group" | "atMs" | "untilMs"> {
  readonly says: string
  /** Clients of the group that arrived while it lasted. */
  readonly fairlead: { clients: number; served: number }
  readonly control: { clients: number; served: number }
  /** Time from its end to the arrival of the first client that the nearest address served; null: not seen. */
  backMs: number | null
  /** The limit for that time. */
  readonly boundMs: number
  /** There was time enough to see it, so that null means that it took too long. */
  isDue: boolean
}

/** With normal intervals. A longer fault may take as long as it lasted. */
const BACK_WITHIN_MS = 5_000
/** A client has to come before anything can be seen, and in a short soak that takes its part of the time. */
const FIRST_CLIENT_MS = 500

export class Recoveries {
  readonly seen: Array<FaultSeen> = []
  /** Clients that arrived while nothing was wrong any more, and those of them that the nearest address served. */
  readonly calm = { served: 0, byNearest: 0 }
  readonly #scale: number
  #nearest = -1

  constructor(scale: number) {
    this.#scale = scale
  }

  /** `nearest`: the number of the address that should serve again; -1: there is no such address. */
  begin(fault: PlannedFault, atMs: number, untilMs: number, nearest: number): void {
    const boundMs = FIRST_CLIENT_MS + Math.max(BACK_WITHIN_MS * this.#scale, untilMs - atMs)
    this.#nearest = nearest
    const { kind, group } = fault
    const none = () => ({ clients: 0, served: 0 })
    this.seen.push({
      kind,
      group,
      atMs,
      untilMs,
      says: saysOf(fault),
      fairlead: none(),
      control: none(),
      backMs: null,
      boundMs,
      isDue: false
    })
  }

  /** A client of Fairlead was served by the address `by`. `nearest`: that of its group. */
  noteCalm(arrivedMs: number, by: number, nearest: number): void {
    const last = this.seen.at(-1)
    if (last !== undefined && arrivedMs < last.untilMs + last.boundMs) return
    this.calm.served++
    if (by === nearest) this.calm.byNearest++
  }

  /** A client is over. */
  note(side: "fairlead" | "control", group: string, arrivedMs: number, endedMs: number, by: number): void {
    for (const one of this.seen.slice(-2)) {
      if (one.group !== "all" && one.group !== group) continue
      if (arrivedMs >= one.atMs && arrivedMs < one.untilMs) {
        one[side].clients++
        if (by >= 0) one[side].served++
      }
    }
    const last = this.seen.at(-1)
    if (last === undefined || this.#nearest < 0 || last.backMs !== null) return
    if (side === "fairlead" && by === this.#nearest && arrivedMs >= last.untilMs) last.backMs = arrivedMs - last.untilMs
    if (endedMs > last.untilMs + last.boundMs) last.isDue = true
  }
}
