/** Limits at the very moment, or the very number, at which they begin to act. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Switching } from "../../src/core/model/Config.ts"
import { pick } from "../../src/core/pick.ts"
import { pendingMs, slowHandshakeMs } from "../../src/core/slowHandshake.ts"
import { networks } from "../support/access.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, upstreamDefaults } from "../support/config.ts"
import { ToyInterpreter } from "../support/ToyInterpreter.ts"

const [a, b] = addresses(2).map(({ host }) => host) as [string, string]
/** A candidate costs what its last answer took, and nothing else counts. */
const plain = {
  decayMs: 1,
  jitterWeight: 0,
  successExponent: 0,
  failurePenaltyMs: 0,
  historyRewardMs: 0,
  habitWeight: 0
} as const
const cold = (changes: UpstreamChanges) => configWith([{ pool: { mode: "off" }, ...changes }])
const factsOf = (toy: ToyInterpreter, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const candidateOf = (toy: ToyInterpreter, slot: number) => Vector.get(toy.state.candidates, slot)!

describe("a challenger", () => {
  /** Who is in a set of one after a round in which the second costs 100 ms. */
  const winner = (memberMs: number, switching: Partial<Switching>, scoring: Partial<typeof plain> = plain) => {
    const selector = { activeSetSize: 1, switching: { ...upstreamDefaults.selector.switching, holdMs: 0, ...switching } }
    const toy = new ToyInterpreter(cold({ candidates: addresses(2), selector, scoring: { ...plain, ...scoring } }))
    toy.set(a, 110).set(b, 400).start().run(5_000)
    expect(toy.active()).toEqual([1])
    toy.set(a, memberMs).set(b, 100).run(12_000)
    return toy.active()[0]
  }

  it("replaces a member that costs more by more than marginPercent, and none that costs less", () => {
    const shares = { marginMs: 0, marginPercent: 25, confirmations: 1 }
    expect([winner(125, shares), winner(125.1, shares)]).toEqual([1, 2])
  })

  it("need not be confirmed beyond twice the margin", () => {
    const slow = { marginMs: 20, marginPercent: 0, confirmations: 9, standing: 9 }
    expect([winner(140, slow), winner(140.1, slow)]).toEqual([1, 2])
  })

  it("need not be confirmed where its cost alone, or its outlook alone, is better by more than that", () => {
    /** Who is in the set at last of a member and a challenger that cost so much for long, and then so much. */
    const last = (before: readonly [number, number | "local"], after: readonly [number, number]) => {
      const switching = { ...upstreamDefaults.selector.switching, holdMs: 0, marginMs: 20, marginPercent: 0 }
      const selector = { activeSetSize: 1, switching: { ...switching, confirmations: 9, standing: 9 } }
      const scoring = { ...plain, habitWeight: 0.3 }
      const toy = new ToyInterpreter(cold({ candidates: addresses(2), selector, scoring }))
      toy.set(a, before[0]).set(b, before[1]).start().run(45_000)
      return toy.set(a, after[0]).set(b, after[1]).run(12_000).active()[0]
    }
    // 50 ms now, 35 as they usually are; and 20 now, which will not last: 54.
    expect([last([110, 115], [165, 115]), last([300, "local"], [135, 115])]).toEqual([2, 2])
    expect([last([110, 115], [150, 115]), last([300, "local"], [115, 115])]).toEqual([1, 1])
  })

  it("has to wait for hold, to the microsecond", () => {
    // In the set since its first answer; judged a second after the round's last one.
    expect([winner(200, { holdMs: 10_990 }), winner(200, { holdMs: 10_991 })]).toEqual([2, 1])
  })
})

it("a candidate enters whose score is minScore, and none below it", () => {
  const members = (tookMs: number) =>
    new ToyInterpreter(cold({ candidates: addresses(1), scoring: plain, selector: { minScore: 50 } })).set(a, tookMs).start()
      .run(1_000).active()
  expect([members(100), members(100.5)]).toEqual([[1], []])
})

it("sixty-three who may not enter are passed over for one who may, and no more", () => {
  const filled = (cheap: number) => {
    const toy = new ToyInterpreter(configWith([{
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

it("a set that is made smaller loses who costs most by now, and nobody else", () => {
  const hosts = addresses(3)
  const config = (activeSetSize: number) =>
    cold({ candidates: hosts, scoring: plain, selector: { activeSetSize, evaluationIntervalMs: 60_000 } })
  const toy = new ToyInterpreter(config(3)).set(hosts[2]!.host, 30).set(a, 10).set(b, 20).start().run(5_000)
  toy.set(a, 200).run(12_000)
  expect(toy.active()).toEqual([1, 2, 3])
  toy.post({ _tag: "ConfigChanged", worker: 0, config: config(2) })
  expect(toy.active()).toEqual([2, 3])
})

it("a single member that expired serves as stale for staleFor, and no longer", () => {
  const config = cold({ candidates: addresses(1), scoreTtlMs: 20_000, staleForMs: 30_000 })
  const after = (forMs: number) => {
    const toy = new ToyInterpreter(config).set(a, 10).start().run(20).set(a, "local")
    return toy.run(forMs - 20).state.routes.upstreams[0]!.state
  }
  expect([20_009, 20_010, 50_009, 50_010].map(after)).toEqual(["active", "stale", "stale", "unranked"])
})

it("members share clients whose expectation is within tolerancePercent of the lowest", () => {
  const toy = new ToyInterpreter(cold({ candidates: addresses(2) })).set(a, 10).set(b, 11).start().run(1_000)
  const routes = toy.state.routes.upstreams[0]!
  const chosen = (secondMs: number) => {
    const members = routes.members.map((one, i) => ({ ...one, dialMs: i === 0 ? 100 : secondMs }))
    const shared = { ...routes, members, toleranceMs: 0, tolerancePercent: 10 }
    return pick(shared, (id) => (id === members[0]!.candidate ? 1 : 0), () => 0)?.candidate
  }
  const [first, second] = routes.members.map(({ candidate }) => candidate)
  expect([chosen(110), chosen(110.1)]).toEqual([second, first])
})

it("of many addresses that are refused the first sixteen are named, and all are counted", () => {
  const config = { ...cold({ candidates: addresses(20) }), access: { allow: [], deny: networks(["198.18.0.0/16"]) } }
  const [fact] = factsOf(new ToyInterpreter(config).start(), "AddressesRefused")
  expect(fact).toMatchObject({ count: 20 })
  expect(fact !== undefined && "refused" in fact && fact.refused.length).toBe(16)
})

describe("a breaker", () => {
  it("believes of one client a third failure after connect once the first is a minute old", () => {
    const blamed = (thirdMs: number) => {
      const toy = new ToyInterpreter(cold({ candidates: addresses(2), breaker: { failureThreshold: 40 } })).set(a, 10)
      toy.set(b, 60)
      toy.start().run(200).client(5, 0, 1).client(5, 0, 2).run(100).replies(a, "closed")
      // Connected after ten milliseconds, and closed after another.
      toy.client(5, 0, 7).client(5, 0, 7).run(thirdMs).client(5, 0, 7).run(11)
      return candidateOf(toy, 0).breaker.consecutiveAfter
    }
    expect([blamed(59_999), blamed(60_000)]).toEqual([2, 3])
  })

  it("forgets how often it opened after staying closed for as long as it was open", () => {
    // The second opening has a ceiling of two cooldowns, unless the first is forgotten.
    const again = (beyondMs: number) => {
      const breaker = { failureThreshold: 1, firstTrialMs: 10_000, cooldownMs: 10_000, rampMs: 0 }
      const probing = { intervalMs: 600_000 }
      const toy = new ToyInterpreter(cold({ candidates: addresses(2), scoring: plain, breaker, probing })).set(a, 10)
      toy.set(b, 90).start().run(1_000).set(a, "refused").client().run(91).set(a, 10).run(11_000)
      const [opened, closed] = [factsOf(toy, "BreakerOpened")[0]!, factsOf(toy, "BreakerClosed")[0]!]
      const closedMs = (closed.atUs - opened.atUs) / 1000 + beyondMs
      // The client is told of both when the other one has answered.
      toy.set(a, "refused").run(closed.atUs / 1000 + closedMs - toy.atMs - 91).client().run(91)
      return factsOf(toy, "BreakerOpened").map((fact) => "forMs" in fact && fact.forMs > 10_000)
    }
    expect([again(-1), again(0)]).toEqual([[false, true], [false, false]])
  })
})

describe("a suspicion", () => {
  it("counts resets of parked sockets together for a tenth of a second, and half of them are enough", () => {
    const suspected = (gapMs: number) => {
      const toy = new ToyInterpreter(configWith([{ candidates: addresses(2), pool: { mode: "fixed", size: 8 } }]))
      toy.set(a, 10).set(b, 10).start().run(2_000).lose(a, "reset", 3).run(gapMs)
      expect(factsOf(toy, "Suspected")).toEqual([])
      return factsOf(toy.lose(a, "reset", 3).run(0), "Suspected").length
    }
    expect([suspected(100), suspected(101)]).toEqual([1, 0])
  })

  it("from a pending handshake learns of every sample but those that took a second", () => {
    const of = (tookMs: number) =>
      pendingMs({ latency: { value: 10, atUs: 1 }, sampleWindow: [tookMs], prior: null } as never)
    expect([of(999), of(1_000)]).toEqual([2_997, 100])
  })

  it("is told to clients in whole steps of a tenth at most, never less", () => {
    const of = (tookMs: number) =>
      slowHandshakeMs({ latency: { value: tookMs, atUs: 1 }, sampleWindow: [], prior: null } as never)
    expect([10, 33.4, 66.6, 66.7, 133.4, 3_400].map(of)).toEqual([100, 110, 200, 220, 440, 10_240])
  })

  it("from silence follows the usual time to first byte once that has moved by more than a fifth", () => {
    const silentAfter = (replyMs: number) => {
      const toy = new ToyInterpreter(cold({ candidates: addresses(1) })).set(a, 10).start().run(100).replies(a, replyMs)
      return toy.client(100).run(200).state.routes.upstreams[0]!.silentAfterMs
    }
    expect([silentAfter(40), silentAfter(40.2)]).toEqual([100, expect.closeTo(120.6, 6)])
  })
})

it("an entry of nothing counts as a tenth of a millisecond in what is usual", () => {
  const inverse = (tookMs: number) =>
    candidateOf(new ToyInterpreter(cold({ candidates: addresses(1) })).set(a, tookMs).start().run(100), 0).baseline.inverse
  expect([inverse(0.05), inverse(0.2)]).toEqual([10, 5])
})
