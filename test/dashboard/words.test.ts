/** What the dashboard makes of facts and figures, without a browser. */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { millis, percent, seconds } from "../../src/dashboard/format.ts"
import { lanes, selected } from "../../src/dashboard/plots/selections.ts"
import type { Move } from "../../src/dashboard/plots/selections.ts"
import type { Candidate, Fact, Upstream } from "../../src/dashboard/service/answers.ts"
import { backOffMs } from "../../src/dashboard/service/backOff.ts"
import { Course } from "../../src/dashboard/service/Course.ts"
import { reusing } from "../../src/dashboard/service/unchanged.ts"
import { tell } from "../../src/dashboard/words/facts.ts"
import { rowsOf } from "../../src/dashboard/words/rows.ts"
import { shownCandidates, shownUpstreams } from "../../src/dashboard/words/shown.ts"
import { PublicFact } from "../../src/shell/facts/PublicFact.ts"

const at = (second: number, ms = 0) => new Date(Date.UTC(2026, 0, 1, 0, 0, second, ms)).toISOString()
const common = (seq: number, second: number) => ({ v: 1 as const, seq, entry: seq, at: at(second), upstream: "web" })

const candidate = (id: string, changes: Partial<Candidate> = {}): Candidate => ({
  ...{ id, address: "198.51.100.7:443", sources: ["user-static"], score: 80, costMs: 20, latencyMs: 20, jitterMs: 1 },
  ...{ successRate: 1, breaker: "closed", suspect: false, active: false, warm: 0, warmWithheld: null, connections: 0 },
  ...{ lastSampleAt: null, identity: "unchecked" },
  ...changes
})
const upstream = (name: string, changes: Partial<Upstream> = {}): Upstream => ({
  ...{ name, host: null, port: 443, dns: null, state: "active", commonCause: null, selectedAt: null, expiresAt: null },
  ...{ candidateCount: 0, shutCount: 0, pool: { warm: 0, hits: 0, misses: 0 }, tlsStages: [], candidates: [] },
  ...changes
})
const move = (second: number, members: ReadonlyArray<string>): Move => ({
  ...common(second, second),
  ...{ kind: "SelectionMoved", members, moves: [] }
})

describe("facts in words", () => {
  it("has a sentence for every kind of fact, and none that shows a missing value", () => {
    for (const schema of PublicFact.members) {
      const facts = Effect.runSync(Arbitrary.sampleEffect(Arbitrary.schema(schema), { count: 20, seed: 1 }))
      for (const fact of facts) {
        const { title, details } = tell(fact)
        expect(title).not.toBe(fact.kind)
        expect([title, ...details].join(" "), fact.kind).not.toMatch(/undefined|NaN|\[object/)
      }
    }
  })

  it("names a kind that a newer service has", () => {
    expect(tell({ ...common(1, 1), kind: "Novelty" } as unknown as Fact).title).toBe("Novelty")
  })

  it("tells why each candidate entered or left the set", () => {
    const told = tell({
      ...move(1, ["web#2"]),
      moves: [
        { candidate: "web#1", into: false, reason: "shut", costMs: 250.4 },
        { candidate: "web#2", into: true, reason: "filled", costMs: null }
      ]
    })
    expect(told.tone).toBe("warn")
    expect(told.details).toEqual(["− web#1 at 250 ms: its breaker is open", "+ web#2: the set had a free place"])
  })

  it("makes one row of a suspicion and its end, and none of a first choice", () => {
    const suspected = { ...common(1, 1), kind: "Suspected", candidate: "web#1", reason: "silent" } as const
    const other = { ...common(2, 1), kind: "Suspected", candidate: "web#2", reason: "reset" } as const
    const cleared = { ...common(3, 3), kind: "Cleared", candidate: "web#1" } as const
    const choice = {
      ...common(4, 3),
      kind: "IpPoolSelection",
      candidate: "web#2",
      source: "dns",
      latencyMs: 1,
      costMs: 1,
      members: 1,
      candidates: 2
    } as const
    expect(rowsOf([choice, cleared, other, suspected]).map(({ title }) => title)).toEqual([
      "web#1 was suspect for 2.00 s",
      "web#2 is suspect"
    ])
  })
})

it("brief suspicions that follow each other are one row, and a long one between them is its own", () => {
  const suspicion = (seq: number, label: string, from: number, until: number): ReadonlyArray<Fact> => [
    { ...common(seq + 1, 1), at: at(until / 1_000 | 0, until % 1_000), kind: "Cleared", candidate: label },
    { ...common(seq, 1), at: at(from / 1_000 | 0, from % 1_000), kind: "Suspected", candidate: label, reason: "pending" }
  ]
  const facts = [
    ...suspicion(9, "web#2", 9_000, 9_001),
    ...suspicion(7, "web#1", 8_000, 8_500),
    ...suspicion(5, "web#1", 7_000, 7_000),
    ...suspicion(3, "web#1", 3_000, 6_000),
    ...suspicion(1, "web#1", 1_000, 1_002)
  ]
  expect(rowsOf(facts).map(({ title, details: [first] }) => [title, first])).toEqual([
    ["3 suspicions, each for less than a second", "web#2, web#1 2 times."],
    ["web#1 was suspect for 3.00 s", "A handshake is overdue."],
    ["web#1 was suspect for 2.0 ms", "A handshake is overdue."]
  ])
})

describe("figures in words", () => {
  it("has as many digits as matter", () => {
    expect([0.04, 9.96, 123.4, 1_234, 65_000, null].map(millis)).toEqual([
      "0.0 ms",
      "10.0 ms",
      "123 ms",
      "1.23 s",
      "1 min 5 s",
      "–"
    ])
    expect([1, 0.9999, 0.5, 0.0004, 0, null].map(percent)).toEqual(["100 %", ">99.9 %", "50.0 %", "<0.1 %", "0 %", "–"])
    expect([0, 59.4, 3_599, 3_600, 90_000].map(seconds)).toEqual(["0 s", "59 s", "59 min 59 s", "1 h 0 min", "1 d 1 h"])
  })

  it("waits twice as long after each try that failed, up to 15 s", () => {
    expect([1, 2, 3, 5, 6, 100].map(backOffMs)).toEqual([500, 1_000, 2_000, 8_000, 15_000, 15_000])
  })
})

describe("what is shown", () => {
  const all = [
    upstream("b10"),
    upstream("b9", { shutCount: 1 }),
    upstream("a", { host: "example.com", state: "system" }),
    upstream("c", { candidates: [candidate("c#1", { active: true, suspect: true, address: "203.0.113.9:443" })] })
  ]
  const names = (text: string, onlyAttention = false) =>
    shownUpstreams(all, { text, onlyAttention, by: "attention" }).map(({ name }) => name)

  it("begins with the upstreams that need attention most, and numbers in names count as numbers", () => {
    expect(names("")).toEqual(["a", "c", "b9", "b10"])
    expect(names("", true)).toEqual(["a", "c", "b9"])
    expect(shownUpstreams(all, { text: "", onlyAttention: false, by: "name" }).map(({ name }) => name)).toEqual([
      "a",
      "b9",
      "b10",
      "c"
    ])
  })

  it("finds upstreams by name, host, label and address", () => {
    expect([names("B1"), names("example"), names("c#1"), names("203.0"), names("nothing")]).toEqual([["b10"], ["a"], ["c"], [
      "c"
    ], []])
  })

  it("sorts candidates by a column, the unmeasured ones last", () => {
    const three = [
      candidate("1", { latencyMs: 30 }),
      candidate("2", { latencyMs: null }),
      candidate("3", { latencyMs: 10, suspect: true })
    ]
    const ids = (text: string, by: "rank" | "latency") => shownCandidates(three, { text, by }).map(({ id }) => id)
    expect([ids("", "rank"), ids("", "latency"), ids("suspect", "rank")]).toEqual([["1", "2", "3"], ["3", "1", "2"], ["3"]])
  })
})

describe("past latencies", () => {
  it("begins with what the service kept, each value until the next, and goes on with each look", () => {
    const course = new Course()
    const one = candidate("web#1", { latencyMs: 12, course: [[20, 30], [10, 20]] })
    const two = candidate("web#2", { latencyMs: null, course: [[15, 5]] })
    course.add(100_000, upstream("web", { candidates: [one, two] }))
    expect(course.times).toEqual([80, 85, 90, 100])
    expect(course.of("web#1")).toEqual([30, 30, 20, 12])
    expect(course.of("web#2")).toEqual([null, 5, 5, null])
    course.add(101_000, upstream("web", { candidates: [candidate("web#3", { latencyMs: 1 })] }))
    expect(course.of("web#1").at(-1)).toBe(null)
    expect(course.of("web#3")).toEqual([null, null, null, null, 1])
  })

  it("forgets what is older than ten minutes, and candidates with nothing left", () => {
    const course = new Course()
    course.add(0, upstream("web", { candidates: [candidate("web#1")] }))
    for (const second of [300, 601, 700]) course.add(second * 1_000, upstream("web", { candidates: [candidate("web#2")] }))
    expect(course.times).toEqual([300, 601, 700])
    expect(course.of("web#1")).toEqual([null, null, null])
  })
})

describe("the selection over time", () => {
  it("has a lane for each candidate, with a gap while it was not in the set", () => {
    const moves = [move(20, ["web#2"]), move(10, ["web#1", "web#2"])]
    const [from, until] = [Date.parse(at(10)) / 1_000, Date.parse(at(20)) / 1_000]
    expect(selected(moves, ["web#2"])).toEqual(["web#2", "web#1"])
    expect(lanes(moves, ["web#2", "web#1"], until + 5)).toEqual([
      [from, until - 0.001, until, until + 5],
      [0, 0, 0, 0],
      [1, 1, null, null]
    ])
    expect(lanes([], ["web#1"], 5)).toEqual([[], []])
  })
})

it("a candidate without changes stays the same object, so its row is not drawn anew", () => {
  const before = upstream("web", { candidates: [candidate("1"), candidate("2")] })
  const now = reusing(before, upstream("web", { candidates: [candidate("2", { warm: 1 }), candidate("1"), candidate("3")] }))
  expect(now.candidates[1]).toBe(before.candidates[0])
  expect(now.candidates.map(({ id, warm }) => [id, warm])).toEqual([["2", 1], ["1", 0], ["3", 0]])
})
