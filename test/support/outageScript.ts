/** Addresses that fail and recover by a script under clients that come at an even rate; each has its time and its outcome. */
import type { Config } from "../../src/core/model/Config.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Faulty } from "../../src/sim/weather.ts"
import { follow } from "../../src/sim/weather.ts"

export interface Served {
  readonly atMs: number
  /** The address that served; empty when none could be reached. */
  readonly host: string
  readonly waitedMs: number
}

const CLIENT_EVERY_MS = 50

/** Plays the script with a client every 50 ms until `untilMs`. */
export function play(
  config: Config,
  distances: Readonly<Record<string, number>>,
  script: ReadonlyArray<Faulty>,
  untilMs: number,
  prepare: (toy: Simulation) => void = () => {}
): { readonly toy: Simulation; readonly served: ReadonlyArray<Served> } {
  const toy = new Simulation(config, { failAfterMs: 20 })
  for (const [host, distanceMs] of Object.entries(distances)) {
    follow(toy, { host, rttMs: distanceMs, faults: script })
  }
  prepare(toy)
  toy.start()
  while (toy.atMs < untilMs) {
    for (const one of script) {
      if (one.fault === "refused" && toy.atMs >= one.fromMs && toy.atMs < one.fromMs + CLIENT_EVERY_MS) {
        toy.lose(one.host, "reset")
      }
    }
    toy.client(100).run(CLIENT_EVERY_MS)
  }
  return { toy, served: toy.entries.flatMap((entry) => servedBy(toy, entry.at, entry.event)) }
}

function servedBy(toy: Simulation, at: number, event: { readonly _tag: string }): ReadonlyArray<Served> {
  if (event._tag !== "ClientAccepted") return []
  const { candidate, tried, warm } = event as ClientAccepted
  const waitedUs = warm > 0 ? 0 : tried.reduce((sum, { tookUs }) => Math.max(sum, tookUs), 0)
  const host = Candidates.find(toy.state, candidate)?.host ?? ""
  return [{ atMs: (at - waitedUs) / 1000, host, waitedMs: waitedUs / 1000 }]
}

/** The share of clients that `host` served, of those that came between two times. */
export function shareOf(served: ReadonlyArray<Served>, host: string, fromMs: number, toMs: number): number {
  const came = served.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
  return came.filter((one) => one.host === host).length / came.length
}
