/** All candidates fail round after round, until auto-disable; and renewals, which go on where rounds come rarely. */
import { addresses, configWith } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"
import type { World } from "./script.ts"
import { hosts } from "./script.ts"

const put = (toy: Simulation, answer: Answer, from = 0, to = 8): Simulation => {
  for (const host of hosts.slice(from, to)) toy.set(host, answer)
  return toy
}

/** Rounds in which all fail, some answer, or too few are probed; pauses that end by themselves, by an operator and by a reload. */
export const surrender: World = {
  name: "surrender",
  config: {
    ...configWith([
      {
        name: "web",
        candidates: addresses(2),
        probing: { intervalMs: 2_000 },
        pool: { mode: "off" },
        breaker: { enabled: false },
        staleForMs: 30_000
      },
      {
        name: "api",
        candidates: addresses(3).slice(2),
        probing: { intervalMs: 2_500 },
        pool: { mode: "off" },
        breaker: { enabled: false },
        staleForMs: 30_000
      },
      { name: "off", bypass: true, candidates: addresses(4).slice(3) }
    ]),
    autoDisable: { failures: 3, cooldownMs: 8_000, roundMs: 2_000 }
  },
  cuts: [],
  play(toy) {
    const override = (enabled: boolean | null) => toy.post({ _tag: "EnabledOverridden", worker: 0, enabled })
    put(toy, 20).set(hosts[1]!, 45).start().run(3_000)
    put(toy, "refused").run(5_200)
    // One candidate answers, in the last moment.
    toy.set(hosts[2]!, 30).run(2_500)
    put(toy, "refused").run(9_000)
    toy.client(30).client(30, 1).run(4_000)
    put(toy, 25).run(5_000)
    // Only one upstream fails.
    put(toy, "refused", 0, 2).run(9_000)
    put(toy, "refused").run(9_000)
    put(override(true), 30).run(4_000)
    put(toy, "refused").run(9_500).post({ _tag: "ConfigChanged", worker: 0, config: toy.state.config }).run(500)
    // By now the last answer is too long ago.
    toy.run(40_000)
  }
}

/** An interval of an hour, so members are renewed before they expire; none answers, renewals back off, and the members return. */
export const seldom: World = {
  name: "seldom",
  config: {
    ...configWith([{
      name: "web",
      candidates: addresses(5),
      probing: { intervalMs: 3_600_000, challengers: 1 },
      selector: { activeSetSize: 2 },
      pool: { mode: "off" },
      breaker: { enabled: false },
      scoreTtlMs: 10_000
    }, {
      // Two thirds of scoreTtl: just rare enough for renewals.
      name: "brink",
      host: "brink.example",
      dns: { refreshMs: 30_000, timeoutMs: 1_000 },
      candidates: addresses(6).slice(5),
      probing: { intervalMs: 60_000 },
      pool: { mode: "off" },
      scoreTtlMs: 90_000
    }, {
      // A millisecond shorter than that.
      name: "often",
      candidates: addresses(7).slice(6),
      probing: { intervalMs: 59_999 },
      pool: { mode: "off" },
      scoreTtlMs: 90_000
    }]),
    autoDisable: { failures: 1_000, cooldownMs: 8_000, roundMs: 2_000 }
  },
  cuts: [],
  play(toy) {
    toy.names("brink.example", hosts.slice(7, 9)).set(hosts[8]!, 15).set(hosts[9]!, 35)
    put(toy, 20).set(hosts[1]!, 45).set(hosts[2]!, 60).set(hosts[3]!, 80).set(hosts[4]!, 100)
    toy.start().run(28_000)
    // Clients measure the cheapest candidate, so no probe is needed.
    for (let i = 0; i < 4; i++) toy.client(500, 0).client(500, 1).run(1_500)
    toy.run(10_000)
    // A silent DNS server removes no address at first; then its addresses count as gone.
    toy.names("brink.example", hosts.slice(9, 10)).network.names.silent = 1
    put(toy, "refused", 0, 5).run(230_000)
    toy.names("brink.example", hosts.slice(7, 9)).network.names.silent = 0
    put(toy, 25, 0, 2).run(90_000)
  }
}
