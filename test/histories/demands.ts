/** Names on demand: found by a race, kept while they are used, dropped for others, and not raced for a while after a failure. */
import { configWith, onDemandDefaults, upstreamWith } from "../support/config.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"
import type { World } from "./script.ts"
import { hosts } from "./script.ts"

const [a, b, c, d, e] = hosts as [string, string, string, string, string]
const SIX = ["2001:db8::1", "2001:db8:1::1"] as const
const NAMES: Readonly<Record<string, ReadonlyArray<string>>> = {
  "a.example": [a, b, c],
  "mixed.example": [d, e, SIX[0], SIX[1]],
  "dead.example": [hosts[5]!, hosts[6]!],
  "late.example": [hosts[7]!],
  // More than can begin before the waiting clients give up.
  "many.example": hosts.slice(5, 16)
}
const WEB = 0

/** Some clients of the upstream that a host and port have now. */
function visit(toy: Simulation, domain: string, clients = 1, holdMs = 30): Simulation {
  const place = toy.state.routes.upstreams.findIndex((one) => one.domain === domain)
  for (let i = 0; i < clients; i++) toy.client(holdMs, place).run(7)
  return toy
}

export const demands: World = {
  name: "demands",
  config: {
    ...configWith([{
      name: "web",
      host: "web.example",
      candidates: [{ host: hosts[15]!, port: 443 }],
      preheat: false,
      pool: { mode: "off" },
      probing: { intervalMs: 30_000 },
      dns: { refreshMs: 60_000 }
    }, {
      // A name on demand from before, as after a failure of the core.
      name: "kept.example:443",
      host: "kept.example",
      preheat: false,
      onDemand: true
    }]),
    poolTotal: 2,
    onDemand: {
      ...onDemandDefaults,
      idleMs: 60_000,
      usedWithinMs: 9_000,
      singleFlightTimeoutMs: 2_000,
      maxEntries: 3,
      pruneIntervalMs: 25_000
    },
    template: upstreamWith({
      name: "",
      preheat: false,
      probing: { intervalMs: 4_000, challengers: 1, candidatesPerRound: 1 },
      selector: { activeSetSize: 2 },
      pool: { mode: "fixed", size: 1, idleAfterMs: 8_000 },
      breaker: { failureThreshold: 3, cooldownMs: 3_000, timeoutCooldownMs: 5_000 },
      dns: { refreshMs: 11_000 },
      scoreTtlMs: 30_000
    })
  },
  cuts: [],
  play(toy) {
    for (const [name, addresses] of Object.entries(NAMES)) toy.names(name, addresses)
    toy.names("web.example", [hosts[14]!]).set(hosts[15]!, 15).set(hosts[14]!, 35)
    toy.set(a, "timeout").set(b, 30).set(c, 20).set(d, 80).set(e, 60).set(SIX[0], 300).set(SIX[1], 12)
    toy.start().run(2_000)
    // The end of the very first race is never told.
    toy.asks("many.example", 8_080).run(20).post({ _tag: "WorkerLost", worker: 0 }).run(6_000)
    // The first address drops everything; two clients share the race, and one of them gets the winner's socket.
    toy.asks("a.example").asks("A.example.").run(600)
    visit(toy, "a.example:443", 2).run(3_000)
    // Found by the configured list, which needs no answer of the resolver.
    toy.asks("", 0, WEB).run(40).asks("", 0, WEB).run(2_000)
    // Address families take turns; this port asks for no proof of identity.
    toy.asks("mixed.example", 8_443).run(1_500)
    visit(toy, "mixed.example:8443").run(9_000)
    toy.asks("a.example", 22).run(400)
    visit(toy, "a.example:22").run(2_000)
    // Too many names now: the least recently used is dropped, but not one with a session.
    visit(toy, "mixed.example:8443", 1, 20_000)
    toy.asks(SIX[1], 80).run(300).asks("none.example").run(4_900).asks("none.example").run(200).asks("none.example").run(100)
    // No address of the name answers: a pause, then the next client has all raced again, those that failed last come last.
    toy.asks("dead.example").run(2_100).asks("dead.example").run(4_000).set(hosts[6]!, 25).asks("dead.example").run(3_000)
    visit(toy, "dead.example:443", 2).run(32_000)
    toy.asks("dead.example").run(1_500)
    // An impostor gets no client, whatever it is asked first.
    toy.set(hosts[7]!, 9).impostor(hosts[7]!).asks("late.example").run(500).impostor(hosts[7]!, false).run(4_600)
    toy.asks("late.example").run(40)
    for (const host of hosts.slice(5, 16)) toy.set(host, "lost")
    toy.set(hosts[13]!, 40).asks("many.example", 8_080).run(2_500)
    visit(toy, "many.example:8080").run(500)
    // A reload in the middle of a race: the name keeps the resolver's addresses, without the one that was about to win.
    toy.set(hosts[7]!, 400).run(31_000).asks("late.example").run(100)
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...toy.state.config, access: DENIED } }).run(2_000)
    // The other names are dropped because no client uses them.
    toy.run(100_000)
  }
}

/** Denies only the address that is about to win. */
const DENIED = {
  allow: [],
  deny: [{ cidr: `${hosts[7]!}/32`, words: [0xc612_0008], bits: 32 }]
}
