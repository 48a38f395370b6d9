/** Who serves: how the set comes about and how it changes. */
import { describe, expect, it } from "vitest"
import { addresses, configWith } from "../support/config.ts"
import { ToyInterpreter } from "../support/ToyInterpreter.ts"

const [a, b, c, d] = addresses(9).map(({ host }) => host) as [string, string, string, string]
const reasons = (toy: ToyInterpreter) =>
  toy.moves.flatMap(({ moves }) => moves.map(({ candidate, reason }) => `${candidate % 2 ** 20 + 1} ${reason}`))

describe("selection", () => {
  it("lets the first to answer serve at once", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(3) }])).set(a, 80).set(b, 12).set(c, 40).start()
    expect(toy.run(11).members()).toEqual([])
    expect(toy.state.routes.upstreams[0]?.state).toBe("unranked")
    expect(toy.run(1).members()).toEqual([2])
    expect(toy.state.routes.upstreams[0]?.state).toBe("active")
  })

  it("fills the set by cost as answers come", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(3) }])).set(a, 80).set(b, 12).set(c, 40).start().run(
      100
    )
    expect(toy.members()).toEqual([2, 3, 1])
    expect(reasons(toy)).toEqual(["2 filled", "3 filled", "1 filled"])
  })

  it("never lets an address serve that refuses", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(3) }])).set(a, "refused").set(b, 50).set(c, 60)
      .start()
    for (let i = 0; i < 60; i++) expect(toy.run(1_000).members()).not.toContain(1)
    expect(toy.members()).toEqual([2, 3])
  })

  it("moves to cheaper ones when the set is full, and says which one went", () => {
    const config = configWith([{ candidates: addresses(4), selector: { activeSetSize: 2 } }])
    const toy = new ToyInterpreter(config).set(a, 30).set(b, 50).set(c, 70).set(d, 10).start().run(2_000)
    expect(toy.members()).toEqual([4, 1])
    toy.set(d, 300).run(40_000)
    expect(toy.members()).toEqual([1, 2])
    expect(reasons(toy).slice(-2)).toEqual(["4 costlier", "2 cheaper"])
  })

  it("drops a member at the probe that fails, and fills its place from the challengers", () => {
    const config = configWith([{ candidates: addresses(3), selector: { activeSetSize: 2 } }])
    const toy = new ToyInterpreter(config).set(a, 10).set(b, 20).set(c, 30).start().run(2_000)
    const failsUs = toy.atUs
    toy.set(a, "refused").run(10_000)
    expect(toy.members()).toEqual([2, 3])
    const [moved] = toy.moves.filter(({ atUs }) => atUs > failsUs)
    expect(moved?.moves.map(({ reason }) => reason)).toEqual(["failing", "filled"])
    expect(moved?.atUs).toBe(toy.probes.find((one) => one.host === a && one.atUs > failsUs)!.atUs + 1_000)
  })

  it("drops a member at a client's dial that fails, without waiting for a probe", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(2) }])).set(a, 10).set(b, 20).start().run(2_000)
    toy.set(a, "reset").client().run(30)
    expect(toy.members()).toEqual([2])
    expect(toy.unserved).toEqual([])
  })

  it("takes a member back when it answers again", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(2) }])).set(a, 10).set(b, 20).start().run(2_000)
    toy.set(a, "refused").run(10_000).set(a, 10).run(20_000)
    expect(toy.members()).toContain(1)
  })

  it("lets nobody serve whose score is below minScore", () => {
    const config = configWith([{ candidates: addresses(2), selector: { minScore: 50 } }])
    const toy = new ToyInterpreter(config).set(a, 99).set(b, 101).start().run(2_000)
    expect(toy.members()).toEqual([1])
    toy.set(a, 150).run(15_000)
    expect(toy.members()).toEqual([])
    expect(reasons(toy).at(-1)).toBe("1 score")
  })

  it("drops a member that nothing was heard of for scoreTtl, and an expired one costs nobody knows what", () => {
    const config = configWith([{ candidates: addresses(2), scoreTtlMs: 4_000, probing: { intervalMs: 1_000 } }])
    const toy = new ToyInterpreter(config).set(a, 10).set(b, 20).start().run(500)
    expect(toy.members()).toEqual([1, 2])
    toy.set(a, "lost").run(6_000)
    expect(toy.members()).toEqual([2])
    expect(reasons(toy).at(-1)).toBe("1 expired")
  })

  it("keeps who is in when costs are equal", () => {
    const config = configWith([{
      candidates: addresses(2),
      selector: { activeSetSize: 1 },
      scoring: { historyRewardMs: 0, jitterWeight: 0 }
    }])
    const toy = new ToyInterpreter(config).set(a, 20).set(b, 10).start().run(15)
    expect(toy.members()).toEqual([2])
    toy.set(b, 20).run(120_000)
    expect(toy.members()).toEqual([2])
    expect(toy.moves).toHaveLength(1)
  })

  it("evaluates costs that change often once per interval", () => {
    const config = configWith([{
      candidates: addresses(2),
      selector: { activeSetSize: 1, evaluationIntervalMs: 20_000 },
      probing: { intervalMs: 1_000 }
    }])
    const toy = new ToyInterpreter(config).set(a, 10).set(b, 20).start().run(5_000)
    toy.set(a, 90).run(14_000)
    expect(toy.members()).toEqual([1])
    toy.run(15_000)
    expect(toy.members()).toEqual([2])
  })

  it("serves by the list in its order as long as nobody has answered", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(3) }]), { otherwise: "timeout" }).set(c, 30).start()
    toy.client(100).run(5_000)
    const accepted = toy.entries.map(({ event }) => event).find((event) => event._tag === "ClientAccepted")
    expect(accepted).toMatchObject({ why: "unranked", chosen: -1 })
    expect(accepted?._tag === "ClientAccepted" && accepted.tried.map(({ outcome }) => outcome))
      .toEqual(["connected", "cancelled", "cancelled"])
  })
})
