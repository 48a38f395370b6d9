/** What the scripts of all worlds are written with. */
import type { Config } from "../../src/core/model/Config.ts"
import { Draws } from "../../src/sim/Draws.ts"
import { addresses } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"

export interface World {
  readonly name: string
  readonly config: Config
  readonly play: (toy: Simulation) => void
  /** After how many entries a new segment begins. */
  readonly cuts: ReadonlyArray<number>
}

export const hosts = addresses(16).map(({ host }) => host)
/** Without warm sockets: their dials are samples too, and would drown the others. */
export const COLD = { pool: { mode: "off" as const }, breaker: { failureThreshold: 40 } }
export const set = (toy: Simulation, answers: ReadonlyArray<Answer>) =>
  answers.forEach((answer, i) => toy.set(hosts[i]!, answer))

/** Numbers that look like noise and are the same everywhere. */
export const noise = (seed: number): Draws["below"] => new Draws(seed).below
