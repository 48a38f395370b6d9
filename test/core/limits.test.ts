/** Limits, at the very moment or number at which they begin to act. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Switching } from "../../src/core/model/Config.ts"
import { pick } from "../../src/core/pick.ts"
import { pendingMs, slowHandshakeMs } from "../../src/core/slowHandshake.ts"
import { networks } from "../support/access.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, upstreamDefaults } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b] = addresses(2).map(({ host }) => host) as [string, string]
/** A candidate costs what its last answer took; nothing else counts. */
const plain = {
  decayMs: 1,
  jitterWeight: 0,
  successExponent: 0,
  failurePenaltyMs: 0,
  historyRewardMs: 0,
  habitWeight: 0
} as const
const cold = (changes: UpstreamChanges) => configWith([{ pool: { mode: "off" }, ...changes }])
const factsOf = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const candidateOf = (toy: Simulation, slot: number) => Vector.get(toy.state.candidates, slot)!

describe("a challenger", () => {
  /** The member of a set of one after a round in which the second candidate costs 100 ms. */
  const winner = (memberMs: number, switching: Partial<Switching>, scoring: Partial<typeof plain> = plain) => {
    const selector = { activeSetSize: 1, switching: { ...upstreamDefaults.selector.switching, holdMs: 0, ...switching } }
    const toy = new Simulation(cold({ candidates: addresses(2), selector, scoring: { ...plain, ...scoring } }))
    toy.set(a, 110).set(b, 400).start().run(5_000)
    expect(toy.active()).toEqual([1])
    toy.set(a, memberMs).set(b, 100).run(12_000)
    return toy.active()[0]
  }

  it("replaces a member that costs more than marginPercent above it, and none that costs exactly that", () => {
    const shares = { marginMs: 0, marginPercent: 25, confirmations: 1 }
    expect([winner(125, shares), winner(125.1, shares)]).toEqual([1, 2])
  })

  it("needs no confirmation when it is cheaper by more than twice the margin", () => {
    const slow = { marginMs: 20, marginPercent: 0, confirmations: 9, standing: 9 }
    expect([winner(140, slow), winner(140.1, slow)]).toEqual([1, 2])
  })

  it("needs no confirmation when its cost alone, or its forecast alone, is lower by more than twice the margin", () => {
    /** The last member, where a member and a challenger cost `before` for long, and then `after`. */
    const last = (before: readonly [number, number | "local"], after: readonly [number, number]) => {
      const switching = { ...upstreamDefaults.selector.switching, holdMs: 0, marginMs: 20, marginPercent: 0 }
      const selector = { activeSetSize: 1, switching: { ...switching, confirmations: 9, standing: 9 } }
      const scoring = { ...plain, habitWeight: 0.3 }
      const toy = new Simulation(cold({ candidates: addresses(2), selector, scoring }))
      toy.set(a, before[0]).set(b, before[1]).start().run(45_000)
      return toy.set(a, after[0]).set(b, after[1]).run(12_000).active()[0]
    }
    // Cheaper by 50 ms now and by 35 in the forecast; then by 20 ms now and by 54 in the forecast.
    expect([last([110, 115], [165, 115]), last([300, "local"], [135, 115])]).toEqual([2, 2])
    expect([last([110, 115], [150, 115]), last([300, "local"], [115, 115])]).toEqual([1, 1])
  })

  it("waits until hold is over, to the millisecond", () => {
    // A member since its first answer; evaluated a second after the last answer of the round.
    expect([winner(200, { holdMs: 10_990 }), winner(200, { holdMs: 10_991 })]).toEqual([2, 1])
  })
})

it("a candidate with a score of minScore enters the set, and none below it does", () => {
  const members = (tookMs: number) =>
    new Simulation(cold({ candidates: addresses(1), scoring: plain, selector: { minScore: 50 } })).set(a, tookMs).start()
      .run(1_000).active()
  expect([members(100), members(100.5)]).toEqual([[1], []])
})

it("sixty-three candidates that may not enter are passed over for one that may, and no more", () => {
  const filled = (cheap: number) => {
    const toy = new Simulation(configWith([{
      pool: { mode: "off" },
      candidates: addresses(cheap + 1),
      scoring: plain,
      selector: { activeSetSize: 2 },
      breaker: { failureThreshold: 1 },
      probing: { intervalMs: 600_000 }
    }], { maxParallel: 100 }))
    addresses(cheap).forEach(({ host }, i) => toy.set(host, 10 + i / 100))
    toy.set(addresses(cheap + 1)[cheap]!.host, 90).start().run(3_000)
    for (let slot = 2; slot < cheap; slot++) {
      const { id, host } = candidateOf(toy, slot)
      toy.set(host, "lost").post({ _tag: "DialPending", worker: 0, candidate: id, pendingUs: 100_000 })
    }
    toy.set(a, "refused").client().run(12)
    return toy.active()
  }
  expect([filled(65), filled(66)]).toEqual([[2, 66], [2]])
})

it("a set that is made smaller loses the member that costs most now, and no other", () => {
  const hosts = addresses(3)
  const config = (activeSetSize: number) =>
    cold({ candidates: hosts, scoring: plain, selector: { activeSetSize, evaluationIntervalMs: 60_000 } })
  const toy = new Simulation(config(3)).set(hosts[2]!.host, 30).set(a, 10).set(b, 20).start().run(5_000)
  toy.set(a, 200).run(12_000)
  expect(toy.active()).toEqual([1, 2, 3])
  toy.post({ _tag: "ConfigChanged", worker: 0, config: config(2) })
  expect(toy.active()).toEqual([2, 3])
})

it("a single member that expired serves as stale for staleFor, and no longer", () => {
  const config = cold({ candidates: addresses(1), scoreTtlMs: 20_000, staleForMs: 30_000 })
  const after = (forMs: number) => {
    const toy = new Simulation(config).set(a, 10).start().run(20).set(a, "local")
    return toy.run(forMs - 20).state.routes.upstreams[0]!.state
  }
  expect([20_009, 20_010, 50_009, 50_010].map(after)).toEqual(["active", "stale", "stale", "unranked"])
})

it("members share clients when their expected time is within tolerancePercent of the lowest", () => {
  const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 10).set(b, 11).start().run(1_000)
  const routes = toy.state.routes.upstreams[0]!
  const chosen = (secondMs: number) => {
    const members = routes.members.map((one, i) => ({ ...one, dialMs: i === 0 ? 100 : secondMs }))
    const shared = { ...routes, members, toleranceMs: 0, tolerancePercent: 10 }
    return pick(shared, (id) => (id === members[0]!.candidate ? 1 : 0), () => 0)?.candidate
  }
  const [first, second] = routes.members.map(({ candidate }) => candidate)
  expect([chosen(110), chosen(110.1)]).toEqual([second, first])
})

it("a fact about twenty refused addresses names the first sixteen and counts all", () => {
  const config = { ...cold({ candidates: addresses(20) }), access: { allow: [], deny: networks(["198.18.0.0/16"]) } }
  const [fact] = factsOf(new Simulation(config).start(), "AddressesRefused")
  expect(fact).toMatchObject({ count: 20 })
  expect(fact !== undefined && "refused" in fact && fact.refused.length).toBe(16)
})

describe("a breaker", () => {
  it("counts a third failure after connect of one client once the first is a minute old", () => {
    const blamed = (thirdMs: number) => {
      const toy = new Simulation(cold({ candidates: addresses(2), breaker: { failureThreshold: 40 } })).set(a, 10)
      toy.set(b, 60)
      toy.start().run(200).client(5, 0, 1).client(5, 0, 2).run(100).replies(a, "closed")
      // Connected after ten milliseconds, and closed after one more.
      toy.client(5, 0, 7).client(5, 0, 7).run(thirdMs).client(5, 0, 7).run(11)
      return candidateOf(toy, 0).breaker.consecutiveAfter
    }
    expect([blamed(59_999), blamed(60_000)]).toEqual([2, 3])
  })

  it("forgets its earlier openings after it has stayed closed for as long as it was open", () => {
    // The second opening has a ceiling of two cooldowns, unless the first is forgotten.
    const again = (beyondMs: number) => {
      const breaker = { failureThreshold: 1, firstTrialMs: 10_000, cooldownMs: 10_000, rampMs: 0 }
      const probing = { intervalMs: 600_000 }
      const toy = new Simulation(cold({ candidates: addresses(2), scoring: plain, breaker, probing })).set(a, 10)
      toy.set(b, 90).start().run(1_000).set(a, "refused").client().run(91).set(a, 10).run(11_000)
      const [opened, closed] = [factsOf(toy, "BreakerOpened")[0]!, factsOf(toy, "BreakerClosed")[0]!]
      const closedMs = (closed.atUs - opened.atUs) / 1000 + beyondMs
      // The client's event tells both dials once the other candidate has answered.
      toy.set(a, "refused").run(closed.atUs / 1000 + closedMs - toy.atMs - 91).client().run(91)
      return factsOf(toy, "BreakerOpened").map((fact) => "forMs" in fact && fact.forMs > 10_000)
    }
    expect([again(-1), again(0)]).toEqual([[false, true], [false, false]])
  })
})

describe("a suspicion", () => {
  it("begins when half of the warm sockets are reset within a tenth of a second, and not when it takes longer", () => {
    const suspected = (gapMs: number) => {
      const toy = new Simulation(configWith([{ candidates: addresses(2), pool: { mode: "fixed", size: 8 } }]))
      toy.set(a, 10).set(b, 10).start().run(2_000).lose(a, "reset", 3).run(gapMs)
      expect(factsOf(toy, "Suspected")).toEqual([])
      return factsOf(toy.lose(a, "reset", 3).run(0), "Suspected").length
    }
    expect([suspected(100), suspected(101)]).toEqual([1, 0])
  })

  it("from a pending handshake takes its limit from all samples below a second", () => {
    const of = (tookMs: number) =>
      pendingMs({ latency: { value: 10, atUs: 1 }, sampleWindow: [tookMs], prior: null } as never)
    expect([of(999), of(1_000)]).toEqual([2_997, 100])
  })

  it("has a slow-handshake limit that plans round up, by a tenth at most", () => {
    const of = (tookMs: number) =>
      slowHandshakeMs({ latency: { value: tookMs, atUs: 1 }, sampleWindow: [], prior: null } as never)
    expect([10, 33.4, 66.6, 66.7, 133.4, 3_400].map(of)).toEqual([100, 110, 200, 220, 440, 10_240])
  })

  it("from silence follows the usual time to first byte once that has moved by more than a fifth", () => {
    const silentAfter = (replyMs: number) => {
      const toy = new Simulation(cold({ candidates: addresses(1) })).set(a, 10).start().run(100).replies(a, replyMs)
      return toy.client(100).run(200).state.routes.upstreams[0]!.silentAfterMs
    }
    expect([silentAfter(40), silentAfter(40.2)]).toEqual([100, expect.closeTo(120.6, 6)])
  })
})

it("a sample below a tenth of a millisecond counts as a tenth in the baseline", () => {
  const inverse = (tookMs: number) =>
    candidateOf(new Simulation(cold({ candidates: addresses(1) })).set(a, tookMs).start().run(100), 0).baseline.inverse
  expect([inverse(0.05), inverse(0.2)]).toEqual([10, 5])
})
