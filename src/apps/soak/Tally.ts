/** What clients met: in all, by the way they came, and over time. Its size does not depend on their number. */
import type { Outcome } from "../../adapters/soak/client.ts"
import { Histogram } from "./Histogram.ts"

/** Why a client was not served. */
export type Excuse =
  | "none-could" // no address of its group could serve while it was there
  | "caught" // a fault began while it was there, or just before
  | "none" // there is no excuse

export interface Ended {
  readonly arrivedMs: number
  readonly endedMs: number
  readonly outcome: Outcome
  readonly excuse: Excuse
  readonly firstByteMs: number
}

export class Counts {
  served = 0
  /** Not served, with an excuse and without. */
  noneCould = 0
  caught = 0
  failed = 0
  cut = 0
  corrupted = 0
  readonly firstByte = new Histogram()

  add({ outcome, excuse, firstByteMs }: Ended): void {
    if (outcome === "served") {
      this.served++
      this.firstByte.add(firstByteMs)
    } else if (outcome === "corrupted") this.corrupted++
    else if (outcome === "cut") this.cut++
    else if (excuse === "none-could") this.noneCould++
    else if (excuse === "caught") this.caught++
    else this.failed++
  }

  get clients(): number {
    return this.served + this.noneCould + this.caught + this.failed + this.cut + this.corrupted
  }
}

export class Tally {
  readonly all = new Counts()
  readonly slices: ReadonlyArray<Counts>
  readonly #ways = new Map<string, Counts>()
  readonly #sliceMs: number

  constructor(sliceMs: number, slices: number) {
    this.#sliceMs = sliceMs
    this.slices = Array.from({ length: slices }, () => new Counts())
  }

  get ways(): ReadonlyMap<string, Counts> {
    return this.#ways
  }

  /** A client belongs to the slice in which it arrived. */
  add(way: string, ended: Ended): void {
    const counts = this.#ways.get(way) ?? new Counts()
    this.#ways.set(way, counts)
    const slice = this.slices[Math.min(this.slices.length - 1, Math.floor(ended.arrivedMs / this.#sliceMs))]
    for (const one of [this.all, counts, slice]) one?.add(ended)
  }
}
