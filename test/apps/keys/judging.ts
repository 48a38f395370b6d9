/** The cost of candidates, the active set, breakers, and how clients are balanced. */
import type { Json, Row } from "./Row.ts"
import { answering, candidate, clients, COLD, factsOf, host, list, PLAIN, planOf, row, secondOf } from "./toy.ts"
import type { Toy } from "./toy.ts"

const cost = (toy: Toy, n = 1) => Math.round(candidate(toy, n)?.costMs ?? -1)
/** One candidate, with all parts of its cost off but those in `scoring`. */
const alone = (scoring: Json, more: Json = {}): Json => {
  const plain = PLAIN["scoring"] as Json
  return { ...COLD, ...list(1), probing: { interval: "1s" }, ...more, scoring: { ...plain, ...scoring } }
}
/** The same beside a second candidate that keeps answering, so that failures are the first one's own. */
const besideOther = (scoring: Json): Json => ({ ...alone(scoring), ...list(2) })
/** The first candidate fails for some seconds and answers again, but not often enough to be forgiven. */
const faltered = (toy: Toy, beforeMs = 5_000) => {
  toy.set(host(1), 100).set(host(2), 100).start().run(beforeMs).set(host(1), "refused").run(3_000)
  return toy.set(host(1), 100).run(1_000)
}
/** A set of one, whose member becomes slower than the other candidate after a while. */
const rivals = (switching: Json, selector: Json = {}, scoring: Json = {}): Json => ({
  ...PLAIN,
  ...list(2),
  probing: { interval: "1s" },
  scoring: { ...(PLAIN["scoring"] as Json), ...scoring },
  selector: { activeSetSize: 1, switching: { hold: "0ms", ...switching }, ...selector }
})
/** The second at which the other candidate replaced the member. */
const moved = (memberMs: number, otherMs = 100, forMs = 120_000) => (toy: Toy) => {
  toy.set(host(1), 100).set(host(2), 300).start().run(20_000)
  toy.set(host(1), memberMs).set(host(2), otherMs).run(forMs)
  const found = toy.moves.find(({ atUs, moves }) => atUs > 20e6 && moves.some(({ reason }) => reason === "cheaper"))
  return found === undefined ? undefined : Math.floor(found.atUs / 1e6)
}
const happens = (behave: (toy: Toy) => unknown) => (toy: Toy) => behave(toy) !== undefined
/** One of two candidates fails, so its breaker may open. */
const failing = (breaker: Json = {}, more: Json = {}): Json => ({
  ...PLAIN,
  ...list(2),
  probing: { interval: "1s" },
  breaker: { failureRateThreshold: 1, ...breaker },
  ...more
})
const broken = (reason: "refused" | "timeout", forMs: number, toy: Toy) =>
  answering(toy, 2).start().run(10_000).set(host(1), reason).run(forMs)
const openings = (toy: Toy) =>
  factsOf(toy, "BreakerOpened").map((fact) => "forMs" in fact ? Math.round(Number(fact.forMs) / 1000) : 0)
/** The first candidate fails again and again, each time for longer than it answers. */
const flapping = (toy: Toy) => {
  answering(toy, 2).start().run(10_000)
  for (let round = 1; round <= 5; round++) {
    toy.set(host(1), "refused").run(100_000).set(host(1), 10)
    for (let i = 0; i < 100 && factsOf(toy, "BreakerClosed").length < round; i++) toy.run(1_000)
  }
  return toy
}
const longest = (toy: Toy) => Math.max(...openings(toy))

export const JUDGING: ReadonlyArray<Row> = [
  row(
    "scoring.decay",
    ["1ms", "5m"],
    "more",
    (toy) => cost(toy.set(host(1), 200).start().run(5_000).set(host(1), 20).run(5_000)),
    alone({})
  ),
  row("scoring.jitterDecay", ["1ms", "1h"], "more", (toy) => {
    toy.set(host(1), 10).start().run(5_000)
    for (let i = 0; i < 20; i++) toy.set(host(1), i % 2 === 0 ? 10 : 200).run(2_100)
    return cost(toy.set(host(1), 10).run(60_000))
  }, alone({ jitterWeight: 1 })),
  row("scoring.jitterWeight", [0, 5], "more", (toy) => {
    toy.set(host(1), 10).start().run(5_000)
    for (let i = 0; i < 20; i++) toy.set(host(1), i % 2 === 0 ? 10 : 200).run(2_100)
    return cost(toy)
  }, alone({})),
  row("scoring.successExponent", [0, 3], "more", (toy) => cost(faltered(toy)), besideOther({})),
  row("scoring.failurePenalty", ["0ms", "1s"], "more", (toy) => cost(faltered(toy)), besideOther({ decay: "1m" })),
  row(
    "scoring.historyReward",
    ["0ms", "50ms"],
    "less",
    (toy) => cost(toy.set(host(1), 100).start().run(120_000)),
    alone({})
  ),
  row(
    "scoring.reference",
    ["100ms", "1s"],
    "more",
    (toy) => Math.round(candidate(toy.set(host(1), 100).start().run(5_000))?.score ?? -1),
    alone({})
  ),
  // In two minutes of successes a few failures count little; in the last seconds alone they count much.
  row(
    "scoring.successWindow",
    ["10s", "1h"],
    "less",
    (toy) => cost(faltered(toy, 120_000)),
    besideOther({ successExponent: 3 })
  ),
  row(
    "scoring.neutral",
    ["100ms", "300ms"],
    [50, 25],
    (toy) => candidate(toy.set(host(1), "lost").start().run(100))?.score,
    alone({})
  ),
  row(
    "scoring.minPlausibleRtt",
    ["0ms", "50ms"],
    [true, false],
    (toy) => candidate(toy.set(host(1), 10).start().run(5_000))?.active,
    alone({})
  ),
  row("scoring.habitWeight", [0, 1], [true, false], happens(moved(200, 130, 20_000)), {
    ...rivals({ margin: "20ms", marginPercent: 40, standing: 1_000 })
  }),
  row("scoring.habitDecay", ["1s", "30d"], [true, false], happens(moved(200, 130, 20_000)), {
    ...rivals({ margin: "20ms", marginPercent: 40, standing: 1_000 }, {}, { habitWeight: 1 })
  }),
  row("selector.evaluationInterval", ["1s", "1h"], [true, false], happens(moved(500, 100)), rivals({})),
  row("selector.activeSetSize", [1, 3], [1, 3], (toy) => answering(toy, 4).start().run(5_000).active().length, {
    ...PLAIN,
    ...list(4)
  }),
  row(
    "selector.minScore",
    [5, 90],
    [2, 0],
    (toy) => toy.set(host(1), 50).set(host(2), 60).start().run(5_000).active().length,
    PLAIN
  ),
  row("selector.switching.margin", ["20ms", "500ms"], [true, false], happens(moved(200)), rivals({ marginPercent: 0 })),
  row("selector.switching.marginPercent", [10, 500], [true, false], happens(moved(200)), rivals({ margin: "0ms" })),
  row("selector.switching.hold", ["0ms", "1h"], [true, false], happens(moved(500)), rivals({})),
  row("selector.switching.confirmations", [1, 20], "more", moved(140), rivals({ margin: "20ms", marginPercent: 0 })),
  row("selector.switching.standing", [2, 1_000], [true, false], happens(moved(200, 130, 40_000)), {
    ...rivals({ margin: "20ms", marginPercent: 40 }, {}, { habitWeight: 1 })
  }),
  row("selector.switching.swapsPerEvaluation", [1, 2], "more", (toy) => {
    for (const [n, ms] of [[1, 10], [2, 20], [3, 300], [4, 310]] as const) toy.set(host(n), ms)
    toy.start().run(20_000)
    for (const [n, ms] of [[1, 1_000], [2, 1_000], [3, 10], [4, 20]] as const) toy.set(host(n), ms)
    const swaps = toy.run(60_000).moves.map(({ moves }) => moves.filter(({ reason }) => reason === "cheaper").length)
    return Math.max(...swaps)
  }, {
    ...PLAIN,
    ...list(4),
    selector: { activeSetSize: 2, evaluationInterval: "5s", switching: { hold: "0ms", confirmations: 1 } }
  }),
  row("balancing.policy", ["roundRobin", "leastConnections"], "less", (toy) => {
    toy.set(host(1), 10).set(host(2), 10).start().run(5_000)
    // The first client of each two stays.
    for (let i = 0; i < 20; i++) toy.client(i % 2 === 0 ? 600_000 : 0).run(100)
    const [one = 0, other = 0] = toy.clients.values()
    return Math.abs(one - other)
  }, COLD),
  row("balancing.affinity", ["none", "client"], [2, 1], (toy) => {
    toy.set(host(1), 10).set(host(2), 10).start().run(5_000)
    for (let i = 0; i < 10; i++) toy.client(60_000, 0, 7).run(100)
    return [...toy.clients.values()].filter((open) => open > 0).length
  }, COLD),
  row("balancing.tolerance", ["0ms", "1s"], [1, 2], (toy) => {
    clients(toy.set(host(1), 10).set(host(2), 60).start().run(5_000), 10, 100, 60_000)
    return [...toy.clients.values()].filter((open) => open > 0).length
  }, { ...COLD, balancing: { tolerancePercent: 0 } }),
  row("balancing.tolerancePercent", [0, 2_000], [1, 2], (toy) => {
    clients(toy.set(host(1), 10).set(host(2), 60).start().run(5_000), 10, 100, 60_000)
    return [...toy.clients.values()].filter((open) => open > 0).length
  }, { ...COLD, balancing: { tolerance: "0ms" } }),
  row(
    "attempts",
    [1, 2],
    "more",
    (toy) => planOf(answering(toy, 3).start().run(5_000))?.attempts.filter(({ candidate }) => candidate !== "system").length,
    {
      ...COLD,
      upstreams: { web: { host: "svc.example", port: 8443, candidates: [host(1), host(2), host(3)] } },
      dial: { lastResortAttempts: 1 }
    }
  ),
  row(
    "dial.timeout",
    ["1s", "2s"],
    [1_000, 2_000],
    (toy) => planOf(answering(toy, 2).start().run(5_000))?.attempts[0]?.timeoutMs
  ),
  row(
    "dial.raceDelay",
    ["100ms", "400ms"],
    "more",
    (toy) => planOf(answering(toy, 2).start().run(5_000))?.attempts[1]?.startAfterMs
  ),
  row("dial.deadline", ["1s", "5s"], [1_000, 5_000], (toy) => planOf(answering(toy, 2).start().run(5_000))?.deadlineMs),
  row(
    "dial.lastResortAttempts",
    [1, 3],
    [1, 3],
    (toy) => toy.start().run(1_000).state.routes.upstreams[0]?.lastResort.attempts.length,
    {
      ...COLD,
      ...list(5),
      enabled: false
    }
  ),
  row("session.stall", ["1s", "1h"], [1, 0], (toy) => {
    toy.set(host(1), 10).set(host(2), 20).start().run(1_000).client(50).client(50).run(1_000)
    toy.replies(host(1), "silent").replies(host(2), "silent")
    for (let i = 0; i < 10; i++) toy.client(60_000).run(200)
    return Math.min(1, toy.run(14_000).entries.filter(({ event }) => event._tag === "SessionStalled").length)
  }),
  row(
    "breaker.enabled",
    [true, false],
    [true, false],
    (toy) => openings(broken("refused", 30_000, toy)).length > 0,
    failing()
  ),
  row(
    "breaker.failureThreshold",
    [2, 20],
    "more",
    (toy) => secondOf(broken("refused", 60_000, toy), "BreakerOpened"),
    failing()
  ),
  row(
    "breaker.failureRateThreshold",
    [0.1, 1],
    [true, false],
    (toy) => openings(broken("refused", 20_000, toy)).length > 0,
    {
      ...failing({ failureThreshold: 1_000 }),
      breaker: { failureThreshold: 1_000, minSamples: 5 }
    }
  ),
  row("breaker.window", ["10s", "1h"], [true, false], (toy) => {
    answering(toy, 2).start().run(300_000).set(host(1), "refused").run(9_000)
    return openings(toy).length > 0
  }, failing({ failureThreshold: 1_000, failureRateThreshold: 0.5, minSamples: 2 })),
  row("breaker.minSamples", [2, 10_000], [true, false], (toy) => openings(broken("refused", 30_000, toy)).length > 0, {
    ...failing({ failureThreshold: 1_000, failureRateThreshold: 0.1 })
  }),
  row("breaker.firstTrial", ["500ms", "5s"], "more", (toy) => openings(broken("refused", 20_000, toy))[0], failing()),
  // Waits grow up to the longest one, and chance shortens each by up to a tenth.
  row("breaker.cooldown", ["10s", "40s"], "more", (toy) => longest(broken("refused", 600_000, toy)), failing()),
  row("breaker.timeoutCooldown", ["10s", "40s"], "more", (toy) => longest(broken("timeout", 600_000, toy)), failing()),
  row("breaker.maxCooldown", ["10s", "10m"], "more", (toy) => longest(flapping(toy)), failing({ cooldown: "10s" })),
  row("breaker.ramp", ["0ms", "1h"], [true, false], (toy) => {
    broken("refused", 8_000, toy).set(host(1), 10).run(30_000)
    return toy.state.routes.upstreams[0]?.members.every(({ slowStartWeight }) => slowStartWeight === 1)
  }, failing({ cooldown: "5s" }))
]
