/**
 * A simulation that keeps the real core busy: candidates at their own distances, of which a handshake is lost now and then, clients that
 * come at an even rate and stay a while, and a wall clock. It yields entries one by one, folded already.
 */
import type { Config } from "../../src/core/model/Config.ts"
import { Draws } from "../../src/sim/Draws.ts"
import type { Folded } from "../../src/sim/CoreRun.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { follow } from "../../src/sim/weather.ts"

const SESSION_MS = 300
const WALL_EVERY_MS = 60_000
const WALL_MS = 1_790_000_000_000
const SILENT = 1 / 200

export function* busyWorld(config: Config, clientsPerSecond: number): Generator<Folded, never> {
  let folded: Array<Folded> = []
  const sim = new Simulation(config, { onEntry: (one) => void folded.push(one) })
  const draws = new Draws(7)
  for (const [i, { host }] of (config.upstreams[0]?.candidates ?? []).entries()) {
    follow(sim, { host, rttMs: 10 + (i * 7_919) % 80_000 / 1_000, jitterMs: 4, silent: SILENT }, draws)
  }
  sim.start()
  sim.every(1_000 / clientsPerSecond, () => sim.client(SESSION_MS, 0, 1 + draws.below(1_000)))
  sim.every(WALL_EVERY_MS, () => sim.post({ _tag: "WallRead", worker: 0, wallMs: WALL_MS + Math.round(sim.atMs) }))
  for (;;) {
    const ready = folded
    folded = []
    yield* ready
    sim.step()
  }
}
