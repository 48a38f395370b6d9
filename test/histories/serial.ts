/** Warm sockets that keep clients from being served: by a server of one connection at a time, by a slow one, by a full one. */
import * as Vector from "../../src/core/data/Vector.ts"
import { addresses, configWith } from "../support/config.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"
import type { World } from "./script.ts"
import { COLD, hosts, noise, set } from "./script.ts"

/** A session that is silent for `ms`; below 0: for that long after the last warm socket ended. */
function silent(toy: Simulation, session: number, slot: number, ms: number): void {
  const candidate = Vector.get(toy.state.candidates, slot)!.id
  const host = hosts[slot]!
  toy.post({ _tag: "SessionSilent", worker: 0, session, candidate, waitedUs: 100_000 })
  if (ms < 0) { for (let i = 0; i < 400 && toy.warm(host) > 0; i++) toy.run(5) }
  toy.run(ms < 0 ? -ms : ms).post({ _tag: "SessionSpoke", worker: 0, session, candidate }).run(1_000)
}

export const serial: World = {
  name: "serial",
  config: configWith([
    { ...COLD, name: "web", candidates: addresses(1), pool: { mode: "fixed", size: 2 } },
    { ...COLD, name: "api", candidates: addresses(1), pool: { mode: "fixed", size: 1, withholdForMs: 20_000 } },
    { ...COLD, name: "slow", candidates: addresses(2).slice(1), pool: { mode: "fixed", size: 2 } }
  ]),
  cuts: [],
  play(toy) {
    const below = noise(91)
    set(toy, [2, 3])
    toy.start().run(1_000)
    let session = 1_000
    for (let i = 0; i < 4; i++) silent(toy, ++session, 0, -5)
    for (let i = 0; i < 12; i++) silent(toy, ++session, 2, 150 + below(700))
    toy.run(70_000)
    for (let i = 0; i < 3; i++) silent(toy, ++session, 0, -8)
    toy.set(hosts[1]!, "refused").lose(hosts[1]!, "expired", 1).run(4_000)
    set(toy, [2, 3])
    toy.run(90_000)
  }
}
