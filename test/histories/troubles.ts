/** Worlds in which candidates fail, come and go, are suspected, and have warm sockets. */
import { addresses, configWith, upstreamDefaults } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import type { Reply } from "../../src/sim/session.ts"
import type { World } from "./script.ts"
import { COLD, hosts, noise, set } from "./script.ts"

/** Addresses that die in every way there is: in dials, in sessions, in warm sockets; they come back, and die again. */
export const outage: World = {
  name: "outage",
  config: configWith([{
    name: "web",
    candidates: addresses(4),
    selector: { activeSetSize: 2, switching: { ...upstreamDefaults.selector.switching, holdMs: 5_000 } },
    probing: { intervalMs: 9_000 },
    pool: { mode: "fixed", size: 4, maxAgeMs: 600_000 },
    breaker: { failureThreshold: 3, cooldownMs: 4_000, timeoutCooldownMs: 9_000, maxCooldownMs: 20_000, rampMs: 2_000 },
    session: { stallMs: 2_000 }
  }]),
  cuts: [],
  play(toy) {
    const below = noise(55)
    const [a, b] = hosts as [string, string]
    const visit = (clients: number, gapMs: number, from = 40) => {
      for (let i = 0; i < clients; i++) toy.client(20 + below(60), 0, 1 + below(from)).run(gapMs + below(10))
    }
    set(toy, [20, 70, 90, 120])
    toy.start().run(2_000)
    visit(6, 200)
    for (const [answer, reply] of outages) {
      toy.set(a, answer).replies(a, reply)
      if (reply === "reset") toy.lose(a, "reset", 3)
      visit(5, 90)
      toy.run(8_000).set(a, 20).replies(a, 1).run(15_000)
      visit(2, 200)
    }
    // Slow requests, one at a time and two together; a lost packet; one client alone that sees failures.
    for (const host of [a, b]) toy.replies(host, 450)
    visit(3, 700)
    for (const host of [a, b]) toy.replies(host, 180)
    visit(6, 40)
    toy.run(1_000).set(a, 1_020).run(6_000).set(a, 20).run(6_000)
    toy.run(8_000).set(a, 300).lose(a, "reset", 1).run(95).lose(a, "reset", 1).run(1_000).set(a, 20).run(30_000)
    // One client whose sessions are closed, thrice within a minute.
    for (const host of [a, b]) toy.replies(host, "closed")
    for (const gapMs of [900, 58_500, 2_000]) toy.client(10, 0, 1).run(gapMs)
    for (const host of [a, b]) toy.replies(host, 1)
  }
}

const outages: ReadonlyArray<readonly [Answer, Reply]> = [
  ["timeout", "silent"],
  ["refused", "reset"],
  [20, "silent"],
  [20, "reset"],
  [20, "closed"]
]

/** Clients in bursts, then none; sockets that die unused, and dials that fail for long. */
export const bursts: World = {
  name: "bursts",
  config: {
    ...configWith([{
      name: "web",
      candidates: addresses(2),
      pool: { idleAfterMs: 20_000, maxAgeMs: 90_000, connectsPerSecond: 30 },
      breaker: { enabled: false }
    }, {
      ...COLD,
      name: "cut",
      candidates: addresses(5).slice(4),
      probing: { intervalMs: 60_000 },
      breaker: { failureThreshold: 40, cooldownMs: 100, rampMs: 500 }
    }, {
      name: "twice",
      candidates: addresses(8).slice(6),
      pool: { mode: "off" },
      probing: { intervalMs: 15_000 },
      scoring: { failurePenaltyMs: 0, successExponent: 0 },
      breaker: { failureThreshold: 2, cooldownMs: 1_000, rampMs: 0 }
    }]),
    poolTotal: 40
  },
  cuts: [],
  play(toy) {
    const below = noise(66)
    const [a, b] = hosts as [string, string]
    set(toy, [4, 30, 1, 1, 20, 1, 10, 90])
    toy.start().run(1_000)
    for (const [clients, gapMs] of [[12, 2], [3, 9], [6, 3], [1, 0], [4, 17]] as const) {
      for (let i = 0; i < clients; i++) toy.client(below(40)).run(gapMs)
      toy.run(4_000 + below(9_000))
    }
    toy.lose(b, "closed").run(500)
    toy.run(60_000).set(a, "refused").lose(a, "closed").run(40_000).set(a, 4).run(8_000)
    for (let i = 0; i < 9; i++) toy.client(10).run(1)
    toy.run(30_000)
    // Its breaker opens twice in a row, and this machine could not make one of the trials.
    const c = hosts[6]!
    for (const trial of [10, "local"] as const) {
      toy.set(c, "refused").client(10, 2).run(20).client(10, 2).run(20).set(c, trial).run(1_100)
    }
    toy.run(1_000).set(c, 10).run(17_000)
    // Suspected again and again, as no byte ever clears it.
    toy.replies(hosts[4]!, 450).client(10, 1).run(5_000).replies(hosts[4]!, 200)
    toy.client(10, 1).run(500).replies(hosts[4]!, "reset")
    for (let i = 0; i < 8; i++) toy.client(10, 1).run(300 * 2 ** Math.min(i, 5) + 50)
  }
}

/** A name whose addresses come and go: with sessions that stay, a resolver that fails, too many of them, and a slow mass. */
export const names: World = {
  name: "names",
  config: {
    ...configWith([{
      ...COLD,
      name: "web",
      host: "web.example",
      candidates: addresses(1),
      staleForMs: 30_000,
      dns: { refreshMs: 20_000 },
      selector: { activeSetSize: 2 },
      probing: { challengers: 1, candidatesPerRound: 2 }
    }]),
    maxCandidates: 6
  },
  cuts: [150],
  play(toy) {
    const below = noise(77)
    set(toy, hosts.map(() => 10 + below(4_000) / 100))
    const say = (from: number, to: number) => toy.names("web.example", hosts.slice(from, to))
    say(1, 4).start().run(5_000)
    toy.client(200_000).client(3_000).run(10_000)
    say(3, 6).run(25_000)
    say(0, 0).run(30_000)
    say(4, 9).client(1_000).run(45_000)
    say(1, 3).run(25_000)
    say(6, 9).run(150_000)
    say(1, 4).run(40_000)
  }
}
/** Forty cheap suspects come before the candidate that takes a free place; two more challenge it. */
export const suspects: World = {
  name: "suspects",
  config: configWith([{
    name: "web",
    candidates: [
      ...Array.from({ length: 40 }, (_, i) => ({ host: "198.19.0.1", port: 1_000 + i })),
      ...addresses(5)
    ],
    pool: { mode: "off" },
    breaker: { failureThreshold: 3 },
    selector: { activeSetSize: 2 },
    probing: { intervalMs: 4_000, challengers: 2, candidatesPerRound: 45 },
    scoring: { failurePenaltyMs: 0, successExponent: 0, historyRewardMs: 0, jitterWeight: 0 }
  }], { maxParallel: 32, perHost: 4, ratePerSecond: 100 }),
  cuts: [],
  play(toy) {
    const [a, , , d, e] = hosts as [string, string, string, string, string]
    set(toy, [15, 16, 60, 61, 62])
    toy.set("198.19.0.1", "refused").start().run(3_000).set("198.19.0.1", 1).run(6_000).set("198.19.0.1", "timeout")
    for (const { candidate, host } of toy.probes.slice(0, 45)) {
      if (host === "198.19.0.1" && candidate !== "reference") toy.post({ _tag: "DialPending", worker: 0, candidate, pendingUs: 1_000 })
    }
    toy.set(a, "refused")
    for (let i = 0; i < 3; i++) toy.client(10).run(30)
    toy.set(d, 12).set(e, 11).run(5_200)
  }
}
