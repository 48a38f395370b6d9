/** The scripted worlds that the recorded histories were made in: same script, same bytes. */
import type { Config } from "../../src/core/model/Config.ts"
import * as Rng from "../../src/core/math/Rng.ts"
import { initial } from "../../src/core/state.ts"
import { addresses, configWith } from "../support/config.ts"
import { record } from "../support/segments.ts"
import type { Answer } from "../support/ToyInterpreter.ts"
import { ToyInterpreter } from "../support/ToyInterpreter.ts"

export interface World {
  readonly name: string
  readonly config: Config
  readonly play: (toy: ToyInterpreter) => void
  /** After how many entries a new segment begins. */
  readonly cuts: ReadonlyArray<number>
}

const hosts = addresses(64).map(({ host }) => host)
const set = (toy: ToyInterpreter, answers: ReadonlyArray<Answer>) => answers.forEach((answer, i) => toy.set(hosts[i]!, answer))

/** Numbers that look like noise and are the same everywhere. */
function noise(seed: number): (below: number) => number {
  let rng = Rng.make(seed)
  return (below) => {
    const drawn = Rng.uniform(rng)
    rng = drawn.rng
    return Math.floor(drawn.value * below)
  }
}

/** Good addresses that hardly change; one quiet hour of probes, and some clients. */
const steady: World = {
  name: "steady",
  config: configWith([
    { name: "web", candidates: addresses(12), probing: { challengers: 2, candidatesPerRound: 2 } },
    { name: "api", candidates: addresses(16).slice(12), selector: { activeSetSize: 2 } }
  ], { maxParallel: 4, ratePerSecond: 20 }),
  cuts: [],
  play(toy) {
    const below = noise(11)
    toy.start()
    for (let minute = 0; minute < 8; minute++) {
      set(toy, hosts.slice(0, 16).map((_, i) => 8 + 4 * i + below(300) / 100))
      for (let i = 0; i < 6; i++) toy.client(1_000 + below(9_000), below(2)).run(9_000 + below(1_000))
    }
  }
}

/** Addresses that refuse, time out, lie and come back; a dead worker, a jump of the clock, an expiry. */
const failures: World = {
  name: "failures",
  config: configWith([
    {
      name: "web",
      candidates: addresses(8),
      scoring: { minPlausibleRttMs: 2, successExponent: 2, successWindowMs: 60_000 },
      selector: { minScore: 20 },
      probing: { intervalMs: 3_000 },
      scoreTtlMs: 20_000
    },
    { name: "dead", candidates: addresses(12).slice(8), probing: { intervalMs: 5_000 } }
  ], { maxParallel: 3, perHost: 1, ratePerSecond: 10 }),
  cuts: [120, 400],
  play(toy) {
    const below = noise(22)
    set(toy, [10, 12.5, 15, 40, "refused", 1, 90, 60, "timeout", "refused", "unreachable", "local"])
    toy.start().run(15_000)
    for (let round = 0; round < 30; round++) {
      const failing: ReadonlyArray<Answer> = ["refused", "reset", "timeout", "unreachable", 20 + below(60), 15]
      toy.set(hosts[below(8)]!, failing[below(6)]!)
      // Mostly dead, now and then alive: success falls to its floor, and cost shows it.
      toy.set(hosts[0]!, round % 9 === 8 ? 11 : round > 9 ? "refused" : 10)
      for (let i = 0; i < 3; i++) toy.client(below(20_000)).run(below(800))
      toy.run(3_000)
    }
    toy.post({ _tag: "WorkerLost", worker: 0 })
    toy.clients.clear()
    toy.run(10_000)
    toy.atUs += 90_000_000
    toy.run(500).post({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_200_000 })
    toy.run(30_000)
  }
}

/** Latencies that flap under many clients, some of whom cannot be served. */
const flapping: World = {
  name: "flapping",
  config: configWith([{
    name: "web",
    candidates: addresses(5),
    scoring: { historyRewardMs: 20 },
    probing: { intervalMs: 2_000 },
    dial: { lastResortAttempts: 3 },
    balancing: { toleranceMs: 15 }
  }], { maxParallel: 8, ratePerSecond: 50 }),
  cuts: [500],
  play(toy) {
    const below = noise(33)
    set(toy, [10, 20, 30, 40, 50])
    toy.start().run(1_000)
    for (let i = 0; i < 320; i++) {
      if (i % 7 === 0) toy.set(hosts[below(5)]!, 5 + below(12_000) / 100)
      if (i === 200) set(toy, ["refused", "refused", "reset", "unreachable", "refused"])
      if (i === 206) set(toy, [12, 18, 25, 30, 35])
      toy.client(below(4_000)).run(below(500))
    }
    toy.run(20_000)
  }
}

/** Many candidates behind few places: queues, gates and rotation; the state's digest falls due on the way. */
const crowded: World = {
  name: "crowded",
  config: configWith([{
    name: "web",
    candidates: addresses(40),
    probing: { intervalMs: 4_000, challengers: 3, candidatesPerRound: 6 },
    selector: { activeSetSize: 4, evaluationIntervalMs: 5_000 },
    scoreTtlMs: 30_000
  }], { maxParallel: 6, ratePerSecond: 5 }),
  cuts: [],
  play(toy) {
    const below = noise(44)
    set(toy, hosts.slice(0, 40).map(() => 10 + below(9_000) / 100))
    toy.start()
    for (let i = 0; i < 45; i++) {
      const spell: ReadonlyArray<Answer> = [10 + below(90), 10 + below(90), 10 + below(90), "refused"]
      toy.set(hosts[below(40)]!, spell[below(4)]!).run(4_000)
      if (i % 5 === 0) toy.client(3_000)
    }
  }
}

export const worlds: ReadonlyArray<World> = [steady, failures, flapping, crowded]

/** A world's record, segment by segment. */
export function recordOf({ config, play, cuts }: World): ReadonlyArray<string> {
  const toy = new ToyInterpreter(config, { seed: 7 })
  play(toy)
  return record(initial(config, 7), toy.entries, cuts).texts
}

/** `steady-00000001.ndjson`. */
export function historyFile(name: string, segment: number): string {
  return `${name}-${String(segment).padStart(8, "0")}.ndjson`
}
