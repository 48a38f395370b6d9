/** The scripted worlds that the recorded histories were made in: same script, same bytes. */
import { initial } from "../../src/core/state.ts"
import { addresses, configWith } from "../support/config.ts"
import { record } from "../support/segments.ts"
import type { Answer } from "../../src/sim/Network.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { World } from "./script.ts"
import { COLD, hosts, noise, set } from "./script.ts"
import { darkness, lonely } from "./darkness.ts"
import { demands } from "./demands.ts"
import { longList } from "./longList.ts"
import { operators } from "./operators.ts"
import { panic } from "./panic.ts"
import { priors } from "./priors.ts"
import { returns } from "./returns.ts"
import { serial } from "./serial.ts"
import { secured } from "./secured.ts"
import { seldom, surrender } from "./surrender.ts"
import { bursts, names, outage, suspects } from "./troubles.ts"

/** Good addresses that hardly change; probes, and some clients. */
const steady: World = {
  name: "steady",
  config: configWith([
    { ...COLD, name: "web", candidates: addresses(12), probing: { challengers: 2, candidatesPerRound: 2 } },
    { ...COLD, name: "api", candidates: addresses(16).slice(12), selector: { activeSetSize: 2 } }
  ], { maxParallel: 4, ratePerSecond: 20 }),
  cuts: [],
  play(toy) {
    const below = noise(11)
    set(toy, hosts.slice(0, 16).map((_, i) => 8 + 4 * i))
    // A client just before the end of the sample window that the round opened.
    toy.start().run(14_900).client(500).run(5_000)
    for (let minute = 0; minute < 2; minute++) {
      set(toy, hosts.slice(0, 16).map((_, i) => 8 + 4 * i + below(300) / 100))
      for (let i = 0; i < 4; i++) toy.client(1_000 + below(9_000), below(2)).run(9_000 + below(1_000))
    }
  }
}

/** Addresses that refuse, time out, answer too fast and come back; a lost worker, a jump of the clock, an expiry. */
const failures: World = {
  name: "failures",
  config: configWith([
    {
      ...COLD,
      name: "web",
      candidates: addresses(8),
      scoring: { minPlausibleRttMs: 2, successExponent: 2, successWindowMs: 60_000, referenceMs: 20 },
      selector: { minScore: 20 },
      probing: { intervalMs: 3_000 },
      scoreTtlMs: 20_000
    },
    { ...COLD, name: "dead", candidates: addresses(12).slice(8), probing: { intervalMs: 5_000 }, scoreTtlMs: 3_000 }
  ], { maxParallel: 3, perHost: 1, ratePerSecond: 10 }),
  cuts: [150],
  play(toy) {
    const below = noise(22)
    set(toy, [10, 12.5, 15, 40, "refused", 1, 90, 60, "timeout", "refused", "unreachable", "local"])
    toy.start().run(8_000)
    for (let round = 0; round < 8; round++) {
      const failing: ReadonlyArray<Answer> = ["refused", "reset", "timeout", "unreachable", 20 + below(60), 15]
      toy.set(hosts[below(8)]!, failing[below(6)]!)
      // Mostly dead, and alive again at the end.
      toy.set(hosts[0]!, round === 7 ? 11 : round > 2 ? "refused" : 10)
      for (let i = 0; i < 2; i++) toy.client(below(20_000)).run(below(800))
      toy.run(3_000)
    }
    toy.post({ _tag: "WorkerLost", worker: 0 })
    toy.run(6_000)
    toy.atUs += 90_000_000
    toy.run(500).post({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_200_000 })
    toy.run(6_000)
  }
}

/** Latencies that flap under many clients; some clients cannot be served. */
const flapping: World = {
  name: "flapping",
  config: configWith([{
    ...COLD,
    name: "web",
    candidates: addresses(5),
    scoring: { historyRewardMs: 20, successWindowMs: 2_000 },
    probing: { intervalMs: 2_000 },
    dial: { lastResortAttempts: 3 },
    balancing: { toleranceMs: 0, tolerancePercent: 150 }
  }], { maxParallel: 8, ratePerSecond: 50 }),
  cuts: [],
  play(toy) {
    const below = noise(33)
    set(toy, [10, 20, 30, 40, 50])
    toy.start().run(1_000)
    // In the middle all are dead for so long that success falls to its floor.
    for (let i = 0; i < 104; i++) {
      if (i % 5 === 0 && (i < 45 || i >= 90)) toy.set(hosts[below(5)]!, 5 + below(12_000) / 100)
      if (i === 45) set(toy, ["refused", "refused", "reset", "unreachable", "refused"])
      if (i === 90) set(toy, [12, 18, 25, 30, 35])
      toy.client(below(4_000)).run(i > 45 && i < 90 ? 60 : below(500))
    }
    // Forty samples of one member within one window.
    set(toy, [30, "refused", "refused", "refused", "refused"])
    toy.run(5_000)
    for (let i = 0; i < 40; i++) toy.set(hosts[0]!, 30 + i).client(100).run(30)
    toy.run(6_000)
    // Better ones come while hold keeps the members.
    set(toy, [100, 110, 120, 300, 310])
    toy.run(40_000)
    set(toy, [100, 110, 120, 40, 310])
    toy.run(4_000)
    set(toy, [100, 110, 120, 40, 41])
    toy.run(4_000)
    // The one that has just come in becomes the dearest, and stays for as long.
    set(toy, [100, 110, 60, 240, 41])
    toy.run(40_000)
  }
}

/** One host behind forty ports, first good, then dead, before two hundred others; at the end all expire in one sleep. */
const crowded: World = {
  name: "crowded",
  config: configWith([{
    ...COLD,
    name: "web",
    candidates: [
      ...Array.from({ length: 40 }, (_, i) => ({ host: "198.19.0.1", port: 1_000 + i })),
      ...addresses(218)
    ],
    probing: { intervalMs: 5_000, challengers: 45, candidatesPerRound: 0 },
    scoring: { failurePenaltyMs: 0, successExponent: 0, historyRewardMs: 0, jitterWeight: 0 },
    scoreTtlMs: 60_000
  }], { maxParallel: 32, perHost: 1, ratePerSecond: 40 }),
  cuts: [],
  play(toy) {
    const below = noise(44)
    addresses(218).forEach(({ host }) => toy.set(host, 20 + below(8_000) / 100))
    toy.set("198.19.0.1", 5).start().run(8_000)
    toy.set("198.19.0.1", "refused").run(2_500).client(1_000).run(2_000)
    toy.atUs += 120_000_000
    toy.run(0)
  }
}

export const worlds: ReadonlyArray<World> = [
  steady,
  failures,
  flapping,
  crowded,
  outage,
  bursts,
  names,
  suspects,
  demands,
  darkness,
  lonely,
  surrender,
  seldom,
  priors,
  operators,
  returns,
  serial,
  longList,
  panic,
  secured
]

/** A world after its script has run. */
export function played({ config, play }: World): Simulation {
  const toy = new Simulation(config, { seed: 7 })
  play(toy)
  return toy
}

/** A world's record, segment by segment. */
export function recordOf(world: World): ReadonlyArray<string> {
  return record(initial(world.config, 7), played(world).entries, world.cuts).texts
}

/** `steady-00000001.ndjson`. */
export function historyFile(name: string, segment: number): string {
  return `${name}-${String(segment).padStart(8, "0")}.ndjson`
}
