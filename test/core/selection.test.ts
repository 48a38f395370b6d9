/** The set: how it comes about and how it changes. */
import { describe, expect, it } from "vitest"
import type { Config } from "../../src/core/model/Config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, upstreamDefaults } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c, d] = addresses(9).map(({ host }) => host) as [string, string, string, string]
const reasons = (toy: Simulation) =>
  toy.moves.flatMap(({ moves }) => moves.map(({ candidate, reason }) => `${candidate % 2 ** 20 + 1} ${reason}`))

/** No warm sockets, because their dials are samples too. */
const cold = (changes: UpstreamChanges, probing: Partial<Config["probing"]> = {}) =>
  configWith([{ pool: { mode: "off" }, ...changes }], probing)

describe("selection", () => {
  it("lets the first candidate that answers serve at once", () => {
    const toy = new Simulation(cold({ candidates: addresses(3) })).set(a, 80).set(b, 12).set(c, 40).start()
    expect(toy.run(11).members()).toEqual([])
    expect(toy.state.routes.upstreams[0]?.state).toBe("unranked")
    expect(toy.run(1).members()).toEqual([2])
    expect(toy.state.routes.upstreams[0]?.state).toBe("active")
  })

  it("fills the set by cost as answers come", () => {
    const toy = new Simulation(cold({ candidates: addresses(3) })).set(a, 80).set(b, 12).set(c, 40).start().run(
      100
    )
    expect(toy.members()).toEqual([2, 3, 1])
    expect(reasons(toy)).toEqual(["2 filled", "3 filled", "1 filled"])
  })

  it("never lets a refusing address serve", () => {
    const toy = new Simulation(cold({ candidates: addresses(3) })).set(a, "refused").set(b, 50).set(c, 60)
      .start()
    for (let i = 0; i < 60; i++) expect(toy.run(1_000).members()).not.toContain(1)
    expect(toy.members()).toEqual([2, 3])
  })

  it("moves to a clearly cheaper candidate when the set is full, and tells which member left", () => {
    const config = cold({ candidates: addresses(4), selector: { activeSetSize: 2 } })
    const toy = new Simulation(config).set(a, 30).set(b, 50).set(c, 70).set(d, 300).start().run(60_000)
    expect(toy.active()).toEqual([1, 2])
    toy.set(d, 10).run(60_000)
    expect(toy.active()).toEqual([4, 1])
    expect(reasons(toy).slice(-2)).toEqual(["2 costlier", "4 cheaper"])
  })

  it("keeps a member after one failed probe, at a higher cost", () => {
    const config = cold({ candidates: addresses(3), selector: { activeSetSize: 2 } })
    const toy = new Simulation(config).set(a, 10).set(b, 20).set(c, 30).start().run(2_000)
    toy.set(a, "refused").run(10_500).set(a, 10)
    expect(toy.active()).toEqual([2, 1])
    expect(toy.run(60_000).active()).toEqual([1, 2])
    expect(toy.moves.filter(({ atUs }) => atUs > 2_000_000)).toEqual([])
  })

  it("drops a member at the failure that opens its breaker, and fills its place at once", () => {
    const config = cold({
      candidates: addresses(3),
      selector: { activeSetSize: 2 },
      breaker: { failureThreshold: 2 }
    })
    const toy = new Simulation(config).set(a, 10).set(b, 20).set(c, 400).start().run(2_000)
    toy.set(a, "reset").client().run(30)
    expect(toy.active()).toEqual([1, 2])
    const failsUs = toy.atUs
    toy.run(20_000)
    expect(toy.active()).toEqual([2, 3])
    const [moved] = toy.moves.filter(({ atUs }) => atUs > failsUs)
    expect(moved?.moves.map(({ reason }) => reason)).toEqual(["shut", "filled"])
    expect(moved?.atUs).toBe(toy.facts.find(({ _tag }) => _tag === "BreakerOpened")?.atUs)
    expect(toy.unserved).toEqual([])
  })

  it("takes a candidate back when it answers again", () => {
    const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 10).set(b, 20).start().run(2_000)
    toy.set(a, "refused").run(10_000).set(a, 10).run(20_000)
    expect(toy.members()).toContain(1)
  })

  it("lets no candidate below minScore in, and replaces a member below it before hold is over", () => {
    const config = cold({ candidates: addresses(2), selector: { minScore: 50, activeSetSize: 1 } })
    const toy = new Simulation(config).set(a, 99).set(b, 101).start().run(2_000)
    expect(toy.active()).toEqual([1])
    expect(toy.set(a, 150).run(8_500).active()).toEqual([1])
    toy.set(b, 20).run(12_000)
    expect(toy.active()).toEqual([2])
    expect(reasons(toy)).toEqual(["1 filled", "1 costlier", "2 cheaper"])
    expect(toy.atUs).toBeLessThan(30_000_000)
  })

  it("drops a member that had no sample for scoreTtl", () => {
    const config = cold({ candidates: addresses(2), scoreTtlMs: 4_000, probing: { intervalMs: 1_000 } })
    const toy = new Simulation(config).set(a, 10).set(b, 20).start().run(500)
    expect(toy.members()).toEqual([1, 2])
    toy.set(a, "lost").run(6_000)
    expect(toy.members()).toEqual([2])
    expect(reasons(toy).at(-1)).toBe("1 expired")
  })

  it("keeps the member when costs are equal", () => {
    const config = cold({
      candidates: addresses(2),
      selector: { activeSetSize: 1 },
      scoring: { historyRewardMs: 0, jitterWeight: 0 }
    })
    const toy = new Simulation(config).set(a, 20).set(b, 10).start().run(15)
    expect(toy.members()).toEqual([2])
    toy.set(b, 20).run(120_000)
    expect(toy.members()).toEqual([2])
    expect(toy.moves).toHaveLength(1)
  })

  it("keeps the member when costs are equal, although the other candidate was cheaper before and its forecast still is", () => {
    const switching = { ...upstreamDefaults.selector.switching, marginMs: 0.1, marginPercent: 0, holdMs: 120_000 }
    const config = cold({
      candidates: addresses(2),
      selector: { activeSetSize: 1, switching },
      scoring: { historyRewardMs: 0, jitterWeight: 0 }
    })
    const toy = new Simulation(config).set(a, 20).set(b, "local").start().run(30_000)
    // While hold lasts, it is too early for a move; after that, the reason for one is gone.
    toy.set(b, 10).run(60_000).set(b, 20).run(90_000)
    const [member, other] = toy.state.candidates.chunks.flat().filter((one) => one !== null && one !== undefined)
    expect(other!.costMs).toBe(member!.costMs)
    expect(other!.forecastMs).toBeLessThan(member!.forecastMs - 1)
    expect(toy.active()).toEqual([1])
    expect(toy.moves).toHaveLength(1)
  })

  it("judges the answers of one round together, an evaluationInterval after the first of them", () => {
    const config = cold({
      candidates: addresses(3),
      selector: {
        activeSetSize: 1,
        evaluationIntervalMs: 3_000,
        switching: { ...upstreamDefaults.selector.switching, holdMs: 0 }
      }
    })
    const toy = new Simulation(config).set(a, 40).set(b, 300).set(c, 300).start().run(19_000)
    toy.set(a, 300).set(b, 12).set(c, 10).run(4_000)
    expect(toy.active()).toEqual([1])
    expect(toy.run(200).active()).toEqual([3])
  })

  it("serves by the list in its order until a candidate has answered", () => {
    const toy = new Simulation(cold({ candidates: addresses(3) }), { otherwise: "timeout" }).set(c, 30).start()
    toy.client(100).run(5_000)
    const accepted = toy.entries.map(({ event }) => event).find((event) => event._tag === "ClientAccepted")
    expect(accepted).toMatchObject({ why: "unranked", chosen: "none" })
    expect(accepted?._tag === "ClientAccepted" && accepted.tried.map(({ outcome }) => outcome))
      .toEqual(["connected", "cancelled", "cancelled"])
  })
})
