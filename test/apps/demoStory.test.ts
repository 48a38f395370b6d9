/** The demo's figures, sentences and verdict, as values. */
import { assert, describe, it } from "vitest"
import type { Fact } from "../../src/core/model/Decision.ts"
import type { Member, Routes } from "../../src/core/model/Routes.ts"
import { SCENES } from "../../src/apps/demo/scenes.ts"
import { firstChoice, sentences } from "../../src/apps/demo/sentences.ts"
import { configurationOf, settingsFor } from "../../src/apps/demo/settings.ts"
import { complaintsOf } from "../../src/apps/demo/Summary.ts"
import { quantile, Tally } from "../../src/apps/demo/Tally.ts"

const label = (id: number) => `web#${id}`

describe("the demo's figures", () => {
  it("count served and failed clients of a window, and take quantiles of the served ones only", () => {
    const tally = new Tally()
    for (let i = 1; i <= 100; i++) tally.note(i, i, i % 2 === 0 ? "web#1" : "web#2")
    tally.note(101, 2_000, "")
    assert.deepStrictEqual(tally.figures(), { served: 100, failed: 1, p50Ms: 50, p99Ms: 99 })
    assert.deepStrictEqual(tally.figures(90, 101), { served: 10, failed: 1, p50Ms: 95, p99Ms: 100 })
    assert.deepStrictEqual([...tally.shares(0, 4)], [["web#2", 0.5], ["web#1", 0.5]])
    assert.deepStrictEqual(tally.slowest(101, 50, 4), [-1, 49, 99, 2_000])
    assert.strictEqual(quantile([], 0.5), -1)
  })
})

describe("the demo's sentences", () => {
  it("join facts of one kind that came together into one sentence", () => {
    const facts: ReadonlyArray<Fact> = [
      { _tag: "Suspected", upstream: 0, candidate: 1, reason: "silent" },
      { _tag: "BreakerOpened", upstream: 0, candidate: 3, reason: "timeout", forMs: 4_000 },
      { _tag: "Suspected", upstream: 0, candidate: 2, reason: "silent" },
      {
        _tag: "SelectionMoved",
        upstream: 0,
        members: [1, 2],
        moves: [{ candidate: 3, into: false, reason: "shut", costMs: 90 }]
      }
    ]
    assert.deepStrictEqual(sentences(facts, label), [
      "suspects web#1, web#2: clients wait for an answer",
      "shuts web#3 out for 4.0 s: timeout",
      "serves from web#1 web#2: web#3 (90 ms) out, shut out"
    ])
  })

  it("call the cheapest member the first choice, but not one in slow start beside others", () => {
    const member = (candidate: number, warmMs: number, slowStartWeight: number) =>
      ({ candidate, warmMs, slowStartWeight }) as Member
    const of = (...members: ReadonlyArray<Member>) =>
      firstChoice({ upstreams: [{ members }] } as unknown as Routes)?.candidate
    assert.strictEqual(of(member(1, 30, 1), member(2, 20, 1)), 2)
    assert.strictEqual(of(member(1, 30, 1), member(2, 20, 0.3)), 1)
    assert.strictEqual(of(member(2, 20, 0.3)), 2)
    assert.isUndefined(of())
  })
})

describe("the demo's verdict", () => {
  const figures = (served: number, failed: number) => ({ served, failed, p50Ms: 20, p99Ms: 40 })

  it("has no complaint when the service failed no more clients and its record is verified", () => {
    assert.deepStrictEqual(complaintsOf(true, figures(100, 3), figures(97, 6), "verified"), [])
  })

  it("has a complaint when it failed more, served no client, or its record is not verified", () => {
    assert.match(complaintsOf(true, figures(90, 7), figures(91, 6), "verified").join(), /failed 7 clients, .* 6/)
    assert.match(complaintsOf(true, figures(0, 0), figures(0, 0), "verified").join(), /served no client/)
    assert.match(complaintsOf(true, figures(100, 3), figures(97, 6), "diverged").join(), /diverged/)
  })

  it("judges an incomplete run by its record alone", () => {
    assert.deepStrictEqual(complaintsOf(false, figures(90, 7), figures(91, 6), "verified"), [])
    assert.lengthOf(complaintsOf(false, figures(100, 0), figures(97, 6), "altered"), 1)
  })
})

describe("the demo's script", () => {
  it("goes forward in time and ends with no fault at any address", () => {
    assert.isTrue(SCENES.every(({ at }, i) => at < 1 && at >= (SCENES[i - 1]?.at ?? 0)))
    const faults = new Map(SCENES.flatMap(({ changes }) => changes.map(({ site, fault = "none" }) => [site, fault])))
    assert.deepStrictEqual([...new Set(faults.values())], ["none"])
  })

  it("has a configuration that is valid at every duration", () => {
    const addresses = [{ host: "127.0.0.2", port: 1 }, { host: "127.0.0.1", port: 2 }]
    const [short, long] = [5_000, 600_000].map((ms) => settingsFor(addresses, "/tmp/a record", ms).core.upstreams[0])
    assert.deepStrictEqual(short?.candidates, addresses)
    assert.strictEqual(short?.probing.intervalMs, 100)
    assert.strictEqual(long?.probing.intervalMs, 10_000)
    assert.include(configurationOf(addresses, "/tmp/a record", 60_000), "interval: 1000ms")
  })
})
