/** All addresses fail together and come back: dark, refusing, resetting sessions; one after the other; under clients. */
import { addresses, configWith } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"
import type { Reply } from "../../src/sim/session.ts"
import type { World } from "./script.ts"
import { hosts } from "./script.ts"

const DISTANCES_MS = [20, 36, 64, 68, 70, 400]

/** What handshakes and sessions of the first six get from now on; a number is added to the distance of each. */
function all(toy: Simulation, answer: Answer, reply: Reply): Simulation {
  DISTANCES_MS.forEach((distanceMs, i) => {
    toy.set(hosts[i]!, typeof answer === "number" ? distanceMs + answer : answer)
    toy.replies(hosts[i]!, typeof reply === "number" ? distanceMs + reply : reply)
  })
  return toy
}

function visit(toy: Simulation, clients: number, everyMs: number): Simulation {
  for (let i = 0; i < clients; i++) toy.client(60, i % 3 === 2 ? 1 : 0).run(everyMs)
  return toy
}

const { switching: defaults } = configWith([{}]).upstreams[0]!.selector
const switching = { ...defaults, holdMs: 4_000, swapsPerEvaluation: 2 }

export const returns: World = {
  name: "returns",
  config: {
    ...configWith([
      {
        name: "web",
        candidates: addresses(5),
        selector: { activeSetSize: 2, switching },
        probing: { intervalMs: 10_000, challengers: 3 },
        pool: { mode: "off" }
      },
      {
        name: "spared",
        candidates: addresses(6).slice(5),
        fallback: addresses(7).slice(6),
        probing: { intervalMs: 10_000 },
        pool: { mode: "off" }
      }
    ]),
    autoDisable: { failures: 6, cooldownMs: 60_000, roundMs: 5_000 }
  },
  cuts: [],
  play(toy) {
    all(toy, 0, 0).set(hosts[6]!, 90).start().run(3_000)
    visit(toy, 12, 100).run(4_000)
    // Everything connects at once when the addresses are back: handshakes are slow for a moment.
    all(toy, "refused", "reset").run(12_000)
    visit(all(toy, 60, 0), 9, 100)
    all(toy, 0, 0).run(8_000)
    // One packet is lost: the handshake takes a second more, and the distance stays.
    all(toy, 1_000, 0).run(6_000)
    all(toy, 1_180, 0).run(6_000)
    all(toy, 0, 0).run(6_000)
    all(toy, "refused", "reset").run(900)
    visit(toy, 8, 100).run(9_000)
    all(toy, 0, 0).run(4_000)
    visit(toy, 9, 200)
    // Sessions are reset while handshakes succeed.
    all(toy, 0, "reset")
    visit(toy, 14, 500)
    all(toy, 0, 0)
    visit(toy, 8, 800)
    // Two addresses fail and come back one after the other.
    toy.set(hosts[0]!, "timeout").set(hosts[1]!, "refused")
    visit(toy, 6, 300).run(9_000).set(hosts[1]!, 36).run(8_000).set(hosts[0]!, 20).run(20_000)
    // Others become better than both members at once.
    toy.set(hosts[0]!, 200).set(hosts[1]!, 210).run(40_000)
    all(toy, 0, 0).run(10_000)
    // So long that auto-disable begins; the first client that is served ends it.
    all(toy, "timeout", "silent").set(hosts[6]!, "refused").run(55_000)
    all(toy, 0, 0).client(60).run(6_000)
    // So long that trials become rare.
    toy.set(hosts[5]!, "refused").run(90_000)
  }
}
