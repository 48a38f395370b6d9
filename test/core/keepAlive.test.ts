/** How long an upstream lets idle connections live: what deaths, outliving and announcements teach, and what history keeps of it. */
import { describe, expect, it } from "vitest"
import { historyOf } from "../../src/core/history.ts"
import { faults } from "../../src/core/invariants.ts"
import type { ConnectionKept } from "../../src/core/model/Event.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { addresses, configWith } from "../support/config.ts"

const WALL_MS = 1_790_000_000_000
const SECOND = 1_000

const started = () => new Simulation(configWith([{ candidates: addresses(2) }]), { otherwise: 5 }).start().run(5 * SECOND)
const limitMs = (toy: Simulation) => toy.state.routes.upstreams[0]!.reuseWithinMs
const see = (toy: Simulation, saw: ConnectionKept["saw"], ...idleMs: ReadonlyArray<number>) => {
  for (const ms of idleMs) {
    toy.run(SECOND).post({ _tag: "ConnectionKept", worker: 0, upstream: 0, idleUs: ms * 1000, saw, outlived: 0 })
  }
  return toy
}

describe("idle connections of an upstream", () => {
  it("are used again within 4 s while nothing is known, and longer the longer one was seen alive", () => {
    const toy = started()
    expect(limitMs(toy)).toBe(4_000)
    expect(limitMs(see(toy, "alive", 5_000))).toBe(4_000)
    expect(limitMs(see(toy, "alive", 10_000))).toBe(7_000)
    expect(limitMs(see(toy, "alive", 60_000, 20_000))).toBe(42_000)
  })

  it("are used again within 0.7 of the time after which they died, whether waiting or in use", () => {
    expect(limitMs(see(started(), "closed", 15_000))).toBe(10_500)
    expect(limitMs(see(started(), "dead", 1_000))).toBe(700)
    expect(limitMs(see(started(), "closed", 0))).toBe(0)
    expect(limitMs(see(started(), "alive", 5_000, 600_000))).toBe(420_000)
    expect(limitMs(see(see(started(), "alive", 600_000), "closed", 5_000))).toBe(3_500)
  })

  it("follow the shortest of few deaths; of many, one of eight may be shorter", () => {
    const toy = see(started(), "closed", 5_000, 200)
    expect(limitMs(toy)).toBe(140)
    expect(limitMs(see(toy, "closed", 5_000, 5_000, 5_000, 5_000, 5_000))).toBe(140)
    expect(limitMs(see(toy, "closed", 5_000))).toBe(3_500)
  })

  it("are found to live longer by those that outlive what is known", () => {
    const toy = see(started(), "closed", 5_000)
    for (let i = 0; i < 16; i++) see(toy, "alive", 60_000)
    expect(limitMs(toy)).toBe(42_000)
  })

  it("that die together, as at a restart of the server, count once, by the longest idle one", () => {
    const toy = started()
    for (const ms of [300, 2_000, 40]) {
      toy.post({ _tag: "ConnectionKept", worker: 0, upstream: 0, idleUs: ms * 1000, saw: "closed", outlived: 0 })
    }
    expect(limitMs(toy)).toBe(1_400)
    expect(toy.state.upstreams.chunks[0]![0]!.kept.lived).toEqual([{ ms: 2_000, died: true }])
  })

  it("do not teach by an end that seven others have outlived", () => {
    const toy = see(started(), "closed", 60_000).run(1_000)
    const end = (outlived: number) =>
      limitMs(
        toy.run(1_000).post({ _tag: "ConnectionKept", worker: 0, upstream: 0, idleUs: 50_000, saw: "closed", outlived })
      )
    expect(end(16)).toBe(42_000)
    expect(end(7)).toBe(42_000)
    expect(end(6)).toBe(35)
  })

  it("are used again within 0.7 of what the upstream announces, or of an earlier death", () => {
    const toy = see(see(started(), "alive", 8_000), "announced", 60_000)
    expect(limitMs(toy)).toBe(42_000)
    expect(limitMs(see(toy, "closed", 20_000))).toBe(14_000)
    expect(limitMs(see(toy, "announced", 5_000))).toBe(3_500)
  })

  it("of an upstream that is not there teach nothing", () => {
    const toy = started()
    const before = toy.state
    toy.post({ _tag: "ConnectionKept", worker: 0, upstream: 7, idleUs: 1, saw: "closed", outlived: 0 })
    expect(toy.state.upstreams).toBe(before.upstreams)
    expect(toy.state.routes).toBe(before.routes)
  })
})

describe("history", () => {
  it("keeps how long idle connections live, and the next run begins with it", () => {
    const before = started()
    expect(historyOf(before.state).map(({ keptMs }) => keptMs)).toEqual([undefined, undefined])
    // To have outlived something is no lifetime.
    expect(historyOf(see(before, "alive", 9_000).state)[0]).not.toHaveProperty("keptMs")
    const records = historyOf(see(before, "closed", 15_000).state)
    expect(records.map(({ keptMs }) => keptMs)).toEqual([15_000, 15_000])

    const next = new Simulation(configWith([{ candidates: addresses(2) }]), { otherwise: 5 }).start()
    next.post({ _tag: "WallRead", worker: 0, wallMs: WALL_MS + 60 * SECOND })
    next.post({ _tag: "HistoryLoaded", worker: 0, network: "", records })
    expect(limitMs(next)).toBe(10_500)
    expect(historyOf(next.run(5 * SECOND).state).map(({ keptMs }) => keptMs)).toEqual([15_000, 15_000])
    expect(limitMs(see(next, "closed", 1_000))).toBe(700)
    expect(faults(next.state)).toEqual([])
  })

  it("gives the latest record's lifetime, and none that this run has seen is replaced", () => {
    const [one, two] = historyOf(see(started(), "closed", 15_000).state)
    const records = [{ ...one!, keptMs: 5_000, measuredMs: one!.measuredMs - 60 * SECOND }, two!]
    const load = (toy: Simulation) => toy.post({ _tag: "HistoryLoaded", worker: 0, network: "", records })
    expect(limitMs(load(started()))).toBe(10_500)
    expect(limitMs(load(see(started(), "dead", 3_000)))).toBe(2_100)
  })
})
