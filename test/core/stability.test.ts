/** The set does not flap: small differences never move it, clear and lasting ones always do. */
import { describe, expect, it } from "vitest"
import { addresses, configWith } from "../support/config.ts"
import { Draws } from "../../src/sim/Draws.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b] = addresses(9).map(({ host }) => host) as [string, string]

const two = (changes = {}) => configWith([{ candidates: addresses(2), selector: { activeSetSize: 1 }, ...changes }])
const switches = (toy: Simulation) => toy.moves.slice(1)

describe("the set", () => {
  it("never moves between two addresses that wander within the margin", () => {
    const drawn = new Draws(5).draw
    const wandering = () => 30 + 18 * drawn()
    const toy = new Simulation(two()).set(a, wandering).set(b, wandering).start()
    for (let i = 0; i < 600; i++) toy.client(500).run(3_000)
    expect(switches(toy)).toEqual([])
    expect(toy.unserved).toEqual([])
  })

  it("moves when one gets clearly better and stays so, and only once", () => {
    const drawn = new Draws(6).draw
    const toy = new Simulation(two()).set(a, () => 60 + 5 * drawn()).set(b, () => 200 + 5 * drawn()).start().run(120_000)
    expect(toy.active()).toEqual([1])
    const changedUs = toy.atUs
    toy.set(b, () => 20 + 5 * drawn()).run(600_000)
    expect(toy.active()).toEqual([2])
    expect(switches(toy)).toHaveLength(1)
    expect(switches(toy)[0]!.atUs - changedUs).toBeLessThan(60_000_000)
  })

  it("moves as soon as hold is over when the difference is very large", () => {
    const toy = new Simulation(two()).set(a, 20).set(b, 30).start().run(5_000)
    toy.set(a, 400).run(24_000)
    expect(toy.active()).toEqual([1])
    expect(toy.run(12_000).active()).toEqual([2])
  })

  it("does not flap when one packet in a hundred is lost and its handshake takes a second longer", () => {
    const drawn = new Draws(7).draw
    const lossy = (ms: number) => () => (drawn() < 0.01 ? ms + 1_000 : ms + 2 * drawn())
    const toy = new Simulation(two()).set(a, lossy(30)).set(b, lossy(34)).start()
    for (let i = 0; i < 1_200; i++) toy.client(200).run(1_500)
    // Half an hour of it: a lost packet may cost a place in the set, but the set never goes to and fro.
    expect(switches(toy).length).toBeLessThanOrEqual(3)
    expect(toy.facts.filter(({ _tag }) => _tag === "BreakerOpened")).toEqual([])
    expect(toy.unserved).toEqual([])
  })

  it("moves no more often than hold allows, whatever the latencies do", () => {
    const drawn = new Draws(8).draw
    const wild = () => (drawn() < 0.5 ? 5 : 500)
    const toy = new Simulation(two({ probing: { intervalMs: 2_000 } })).set(a, wild).set(b, wild).start().run(900_000)
    expect(switches(toy).length).toBeLessThanOrEqual(30)
    for (const [i, { atUs }] of switches(toy).entries()) {
      const suspected = toy.facts.some((fact) => fact._tag === "Suspected" && fact.atUs <= atUs && fact.atUs > atUs - 3e6)
      if (i > 0 && !suspected) expect(atUs - switches(toy)[i - 1]!.atUs).toBeGreaterThanOrEqual(30_000_000)
    }
  })

  it("changes at most one member per evaluation, the cheapest newcomer first", () => {
    const all = addresses(6)
    const toy = new Simulation(configWith([{ candidates: all, selector: { activeSetSize: 2 } }]))
    all.forEach(({ host }, i) => toy.set(host, 100 + i))
    toy.start().run(40_000)
    expect(toy.active()).toEqual([1, 2])
    const changedUs = toy.atUs
    all.slice(3).forEach(({ host }, i) => toy.set(host, 10 + i))
    toy.run(60_000)
    expect(toy.active()).toEqual([4, 5])
    for (const { atUs, moves } of toy.moves) if (atUs > changedUs) expect(moves).toHaveLength(2)
  })
})
