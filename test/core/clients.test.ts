/** What clients get, and what the core learns from them. */
import { describe, expect, it } from "vitest"
import { connectionsOf } from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const counts = (toy: Simulation) => Vector.toArray(toy.state.candidates).map((one) => connectionsOf(one!))
const accepted = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).filter((event): event is ClientAccepted => event._tag === "ClientAccepted")

/** No warm sockets, because their dials are samples too. */
const cold = (changes: UpstreamChanges, probing: Partial<Config["probing"]> = {}) =>
  configWith([{ pool: { mode: "off" }, ...changes }], probing)

describe("clients", () => {
  it("are counted at the candidate that serves them, until they leave", () => {
    const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 10).set(b, 400).start().run(1_000)
    toy.client(5_000).client(1_000).run(500)
    expect(counts(toy)).toEqual([2, 0])
    expect(toy.run(1_000) && counts(toy)).toEqual([1, 0])
    expect(toy.run(5_000) && counts(toy)).toEqual([0, 0])
  })

  it("are shared among members that cost about the same", () => {
    const toy = new Simulation(cold({ candidates: addresses(3) })).set(a, 20).set(b, 21).set(c, 200).start().run(
      1_000
    )
    for (let i = 0; i < 10; i++) toy.client(60_000).run(30)
    expect(counts(toy)).toEqual([5, 5, 0])
    expect(new Set(accepted(toy).map(({ why }) => why))).toEqual(new Set(["cheapest", "balanced"]))
  })

  it("are no longer counted when their worker is lost", () => {
    const toy = new Simulation(cold({ candidates: addresses(1) })).set(a, 20).start().run(1_000)
    toy.client(60_000).client(60_000).run(30)
    toy.post({ _tag: "WorkerLost", worker: 1 })
    expect(counts(toy)).toEqual([2])
    toy.post({ _tag: "WorkerLost", worker: 0 })
    expect(counts(toy)).toEqual([0])
    expect(toy.run(70_000) && counts(toy)).toEqual([0])
  })

  it("are served by the next candidate of the plan when the chosen one refuses", () => {
    const toy = new Simulation(cold({ candidates: addresses(3) })).set(a, 10).set(b, 20).set(c, 30).start().run(
      1_000
    )
    toy.set(a, "refused").client().run(200)
    expect(accepted(toy)[0]?.tried.map(({ outcome }) => outcome)).toEqual(["refused", "connected"])
    expect(toy.run(1_000).active()).toEqual([2, 3, 1])
  })

  it("are served by the next candidate when the chosen one is silent, and later clients pass the silent one over", () => {
    const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 10).set(b, 20).start().run(1_000)
    toy.set(a, "timeout").client().run(300)
    expect(accepted(toy)[0]?.tried).toMatchObject([{ outcome: "connected", tookUs: 20_000 }, {
      outcome: "cancelled",
      tookUs: 270_000
    }])
    expect(toy.members()).toEqual([2])
    expect(toy.active()).toEqual([1, 2])
  })

  it("are turned away when no candidate can be reached, and both members stay for the next client", () => {
    const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 10).set(b, 20).start().run(1_000)
    toy.set(a, "refused").set(b, "unreachable").client().run(100)
    expect(toy.unserved).toEqual([1])
    expect(accepted(toy)[0]?.candidate).toBe("none")
    expect(toy.members().toSorted()).toEqual([1, 2])
  })

  it("take the oldest warm socket when there is one, and nothing is dialled for them", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(1), pool: { mode: "fixed", size: 3 } }]))
    toy.set(a, 10).start().run(1_000)
    expect(toy.warm(a)).toBe(3)
    toy.client(100).run(1)
    expect(accepted(toy)[0]).toMatchObject({ warm: 1, tried: [] })
    expect(toy.warm(a)).toBe(2)
    expect(toy.run(20) && toy.warm(a)).toBe(3)
  })

  it("give samples as probes do, but a burst of clients gives only one", () => {
    const toy = new Simulation(cold({ candidates: addresses(1) })).set(a, 10).start().run(6_000)
    const entryUs = () => Vector.get(toy.state.candidates, 0)!.windowClosedAtUs
    toy.client().run(100)
    const opened = entryUs()
    expect(opened).toBeGreaterThan(6_000_000)
    toy.set(a, 90)
    for (let i = 0; i < 9; i++) toy.client().run(100)
    expect(entryUs()).toBe(opened)
    expect(Vector.get(toy.state.candidates, 0)!.latency.value).toBe(10)
    toy.run(5_000)
    expect(entryUs()).toBe(opened + 5_000_000)
    expect(Vector.get(toy.state.candidates, 0)!.latency.value).toBe(90)
  })
})
