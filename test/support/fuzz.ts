/** Inputs for parsers, made from real captures: random, cut off, too large, altered and put together. The same seed and captures make the same inputs. */
import type { Rng } from "../../src/core/math/Rng.ts"
import { make, next } from "../../src/core/math/Rng.ts"
import { bytes } from "./handshakes.ts"

export type Kind = "random" | "cutOff" | "oversized" | "altered" | "spliced"

export interface Input {
  readonly kind: Kind
  /** Of the capture that it was made from. */
  readonly of: number
  readonly all: Uint8Array
  readonly cuts: ReadonlyArray<number>
}

const LARGEST = 80_000
/** Bytes that mean something in one of the formats. */
const TELLING = [0, 1, 2, 3, 4, 5, 10, 13, 16, 22, 32, 33, 46, 58, 80, 127, 128, 254, 255]

export class Fuzz {
  private readonly captures: ReadonlyArray<Uint8Array>
  private rng: Rng

  constructor(seed: number, captures: ReadonlyArray<Uint8Array>) {
    this.rng = make(seed)
    this.captures = captures
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    const { value, rng } = next(this.rng)
    this.rng = rng
    return value % end
  }

  input(): Input {
    const of = this.below(this.captures.length)
    const kind = this.kind()
    const all = this[kind](this.captures[of] as Uint8Array)
    const cuts = Array.from({ length: this.below(6) }, () => this.below(this.below(2) === 0 ? 40 : all.length + 1))
    return { kind, of, all, cuts }
  }

  private kind(): Kind {
    const drawn = this.below(100)
    if (drawn < 20) return "random"
    if (drawn < 40) return "cutOff"
    if (drawn < 42) return "oversized"
    return drawn < 80 ? "altered" : "spliced"
  }

  /** Often with a beginning that a parser goes on with. */
  private random(capture: Uint8Array): Uint8Array {
    const noise = Uint8Array.from({ length: this.below(200) }, () => this.below(256))
    return bytes(capture.subarray(0, this.below(20)), noise)
  }

  private cutOff(capture: Uint8Array): Uint8Array {
    return capture.subarray(0, this.below(capture.length))
  }

  private oversized(capture: Uint8Array): Uint8Array {
    const filler = new Uint8Array(this.below(LARGEST)).fill(this.below(256))
    return this.altered(bytes(capture.subarray(0, this.below(capture.length + 1)), filler))
  }

  private altered(capture: Uint8Array): Uint8Array {
    const all = capture.slice()
    for (let left = 1 + this.below(4); left > 0; left--) {
      const at = this.below(Math.min(all.length, this.below(2) === 0 ? 60 : all.length) || 1)
      const way = this.below(4)
      if (way === 0) all[at] = this.below(256)
      else if (way === 1) all[at] = TELLING[this.below(TELLING.length)] as number
      else if (way === 2) all[at] = (all[at] ?? 0) ^ (1 << this.below(8))
      else all[at] = (all[at] ?? 0) + (this.below(2) === 0 ? 1 : -1)
    }
    return all
  }

  /** The beginning of one and the end of another, or one with a part left out or twice. */
  private spliced(capture: Uint8Array): Uint8Array {
    const other = this.below(2) === 0 ? capture : this.captures[this.below(this.captures.length)] as Uint8Array
    return bytes(capture.subarray(0, this.below(capture.length + 1)), other.subarray(this.below(other.length + 1)))
  }
}
