/**
 * What the soak and the process of its upstreams say to each other, a line of JSON each: first the ports that the upstreams
 * listen on, then orders to them. The process ends when its input does.
 */
import type { Address } from "../../core/model/Config.ts"
import * as Rng from "../../core/math/Rng.ts"

/**
 * `dark`: nothing comes back. `refusing`: no server listens. `stalling`: handshakes succeed, and no answer follows.
 * `resetting`: sessions are reset instead of an answer. `cutting`: long answers are reset midway.
 */
export type Fault = "none" | "dark" | "refusing" | "stalling" | "resetting" | "cutting"

export interface OriginOptions {
  /** Its number among all of the soak, which its answers carry. */
  readonly index: number
  readonly rttMs: number
  /** The round trip varies by this share in either direction. */
  readonly jitter: number
  /** Where it listens, and by itself: while it refuses, nothing does. Absent: on a port of loopback that the system chooses. */
  readonly at?: Address
}

export interface Condition {
  readonly fault: Fault
  /** Times that the distance has grown by. */
  readonly slowness: number
}

/** The command line of the process: this word, then a `Plan` as JSON. */
export const UPSTREAMS = "soak-upstreams"

export interface Plan {
  readonly seed: number
  readonly origins: ReadonlyArray<OriginOptions>
}

/** The first line of the process: a port for each origin of the plan. */
export interface Opened {
  readonly ports: ReadonlyArray<number>
}

/** The upstream at this place of the plan is in this condition from now on. */
export interface Order extends Condition {
  readonly place: number
}

/** One round trip in ms. */
export function tripMs({ rttMs, jitter }: OriginOptions, slowness: number, draw: () => number): number {
  return rttMs * slowness * (1 - jitter + 2 * jitter * draw())
}

/** Uniform numbers in [0, 1) from a seed. */
export function draws(seed: number): () => number {
  let rng = Rng.make(seed)
  return () => {
    const drawn = Rng.uniform(rng)
    rng = drawn.rng
    return drawn.value
  }
}
