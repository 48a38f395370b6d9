/** The parts of the soak that need no socket. */
import { Buffer } from "node:buffer"
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import { draws as drawsOf } from "../../src/adapters/soak/orders.ts"
import { headOf, Incoming, isIntact, message } from "../../src/adapters/soak/exchange.ts"
import { flatness } from "../../src/apps/soak/flatness.ts"
import { Histogram } from "../../src/apps/soak/Histogram.ts"
import { svgOf } from "../../src/apps/soak/plots.ts"
import { Recoveries } from "../../src/apps/soak/Recoveries.ts"
import type { Findings, Report } from "../../src/apps/soak/Report.ts"
import { reportHtml } from "../../src/apps/soak/reportHtml.ts"
import { reportSchemaText } from "../../src/apps/soak/reportSchema.ts"
import { FAULT_KINDS, scaleOf, scheduleOf } from "../../src/apps/soak/schedule.ts"
import { THRESHOLDS } from "../../src/apps/soak/thresholds.ts"
import { codeOf, comparedWith, verdictOf } from "../../src/apps/soak/verdict.ts"
import { Weather } from "../../src/apps/soak/Weather.ts"
import { findings } from "../support/soakFindings.ts"

const HOUR_MS = 3_600_000

describe("the schedule of a soak", () => {
  it("has each fault once in ten minutes, one after the other, with quiet between them", () => {
    const schedule = scheduleOf(HOUR_MS, drawsOf(7))
    assert.strictEqual(schedule.length, 6 * FAULT_KINDS.length)
    for (let cycle = 0; cycle < 6; cycle++) {
      const kinds = schedule.slice(cycle * FAULT_KINDS.length).slice(0, FAULT_KINDS.length).map(({ kind }) => kind)
      assert.deepStrictEqual(kinds.toSorted(), FAULT_KINDS.toSorted())
    }
    schedule.forEach(({ untilMs }, i) => assert.isBelow(untilMs + 20_000, schedule[i + 1]?.atMs ?? HOUR_MS + 1))
  })

  it("is the same for the same seed, and another one for another seed", () => {
    assert.deepStrictEqual(scheduleOf(60_000, drawsOf(1)), scheduleOf(60_000, drawsOf(1)))
    assert.notDeepEqual(scheduleOf(60_000, drawsOf(1)), scheduleOf(60_000, drawsOf(2)))
  })

  it("makes a short soak faster than life, and a long one never", () => {
    assert.strictEqual(scaleOf(60_000), 0.1)
    assert.strictEqual(scaleOf(600_000), 1)
    assert.strictEqual(scaleOf(24 * HOUR_MS), 1)
  })
})

describe("the verdict of a soak", () => {
  it("is ready when each line keeps its limit", () => {
    const verdict = verdictOf(findings(), {})
    assert.deepStrictEqual(verdict.lines.filter(({ outcome }) => outcome === "fail"), [])
    assert.strictEqual(verdict.outcome, "ready")
    assert.strictEqual(codeOf({ verdict, baseline: null }), 0)
  })

  const spoilt: ReadonlyArray<readonly [id: string, what: string, change: (seen: Findings) => Partial<Findings>]> = [
    ["preheatCoverage", "a candidate was not reached in the first round", ({ refresh }) => ({
      refresh: { ...refresh, preheats: [{ upstream: "web", candidates: 3, reachable: 2, tookMs: 9 }] }
    })],
    ["p50Improvement", "half of the clients waited as long as without Fairlead", ({ fairlead }) => ({
      fairlead: { ...fairlead, p50Ms: 95 }
    })],
    ["refreshAge", "a sample expired", ({ refresh }) => ({ refresh: { ...refresh, worstAgeShare: 1.2 } })],
    ["fallbackSuccess", "clients failed while Fairlead was off", () => ({ withoutPool: { clients: 100, served: 98 } })],
    ["completeFacts", "the source of an address was not known", ({ selections }) => ({
      selections: { ...selections, described: selections.chosen - 1 }
    })],
    ["switchOff", "switching off took six seconds", () => ({ switchOffMs: [100, 6_000] })],
    ["success", "two of a thousand clients failed without excuse", ({ fairlead }) => ({
      fairlead: { ...fairlead, served: 998, failed: 2 }
    })],
    ["failuresAgainstControl", "more clients failed than in the control group", ({ fairlead, control }) => ({
      fairlead: { ...fairlead, caught: control.failed + control.caught + 1 }
    })],
    ["corrupted", "one stream was altered", ({ fairlead }) => ({ fairlead: { ...fairlead, corrupted: 1 } })],
    ["warmShare", "no socket was warm", ({ selections }) => ({ selections: { ...selections, warm: 0 } })],
    ["idleMoves", "the set moved without need", ({ moves }) => ({ moves: { ...moves, idleSwaps: 101 } })],
    ["recovery", "the nearest address did not serve again", ({ faults }) => ({
      faults: faults.map((fault) => ({ ...fault, backMs: null, isDue: true }))
    })],
    ["nearestShare", "others served in its place", () => ({ calm: { served: 100, byNearest: 40 } })],
    ["heapGrowth", "memory grew", ({ series }) => ({ series: series.map((slice, i) => ({ ...slice, heapMiB: 50 + i })) })],
    ["fiberGrowth", "fibers leaked", ({ series }) => ({ series: series.map((slice, i) => ({ ...slice, fibers: 40 + i })) })],
    ["descriptorGrowth", "sockets leaked", ({ series }) => ({
      series: series.map((slice, i) => ({ ...slice, descriptors: 50 + 2 * i }))
    })],
    ["reloads", "a mistake was put in force", () => ({ wrongReloads: ["a configuration with a mistake was applied"] })],
    ["record", "a record diverged", ({ records }) => ({
      records: records.map((record) => ({ ...record, outcome: "diverged" as const }))
    })]
  ]

  it.each(spoilt)("fails the line %s alone where %s", (id, _what, change) => {
    const verdict = verdictOf({ ...findings(), ...change(findings()) }, {})
    assert.deepStrictEqual(verdict.lines.filter(({ outcome }) => outcome === "fail").map((line) => line.id), [id])
    assert.strictEqual(codeOf({ verdict, baseline: null }), 3)
  })

  it("is tried with every line that there is", () => {
    assert.deepStrictEqual(spoilt.map(([id]) => id).toSorted(), THRESHOLDS.map(({ id }) => id).toSorted())
  })

  it("takes other limits, and leaves out what has none", () => {
    const seen = { ...findings(), wrongReloads: ["wrong"] }
    assert.strictEqual(verdictOf(seen, { reloads: 1 }).outcome, "ready")
    assert.strictEqual(verdictOf(seen, { reloads: null }).outcome, "ready")
    assert.strictEqual(verdictOf(findings(), { p50Improvement: 99 }).outcome, "not ready")
  })

  it("is none after an early end, nor where only a busy machine kept a line from its limit", () => {
    const early = verdictOf({ ...findings(), complete: false }, {})
    assert.strictEqual(codeOf({ verdict: early, baseline: null }), 4)
    const busy = {
      ...findings(),
      series: findings().series.map((slice) => ({ ...slice, lagMs: 200 })),
      switchOffMs: [6_000]
    }
    const verdict = verdictOf(busy, {})
    assert.strictEqual(verdict.outcome, "incomplete")
    // A pause now and then is no excuse.
    const series = busy.series.map((slice, i) => ({ ...slice, lagMs: i % 10 === 0 ? 200 : 5 }))
    assert.strictEqual(verdictOf({ ...busy, series }, {}).outcome, "not ready")
    assert.match(verdict.lines.find(({ id }) => id === "switchOff")?.why ?? "", /too busy: timers were 200 ms late/)
    // What has nothing to do with time is judged all the same.
    assert.strictEqual(verdictOf({ ...busy, wrongReloads: ["wrong"] }, {}).outcome, "not ready")
  })

  it("is not ready where a line got worse than in the baseline by more than its tolerance", () => {
    const before: Report = { ...findings(), verdict: verdictOf(findings(), {}), baseline: null }
    const compared = (seen: Findings) => comparedWith(before, verdictOf(seen, {}), seen)
    assert.deepStrictEqual(compared(findings()).worse, [])
    const slower = { ...findings(), fairlead: { ...findings().fairlead, p50Ms: 50 } }
    const { worse } = compared(slower)
    assert.deepStrictEqual(worse.map(({ id, before, now }) => [id, before, now]), [["p50Improvement", 70, 50]])
    assert.strictEqual(codeOf({ verdict: verdictOf(slower, {}), baseline: compared(slower) }), 3)
    assert.deepStrictEqual(compared({ ...findings(), seed: 2 }).notes, ["seed differs: 1 then, 2 now"])
    assert.deepStrictEqual(compared({ ...findings(), network: "lab" }).notes, ["network differs: loopback then, lab now"])
    // A report of an older version does not say it.
    const { network: _, ...older } = findings()
    assert.deepStrictEqual(compared(older).notes, [])
  })
})

describe("what the soak measures with", () => {
  it("quantiles are right to five percent, at any size", () => {
    const times = new Histogram()
    assert.isNull(times.quantile(0.5))
    for (let i = 1; i <= 1_000; i++) times.add(i)
    assert.approximately(times.quantile(0.5) ?? 0, 500, 25)
    assert.approximately(times.quantile(0.99) ?? 0, 990, 50)
  })

  it("a course is flat where its last third is no higher, noise of collections aside", () => {
    assert.strictEqual(flatness([90, 10, 50, 20, 90, 30, 20, 70, 90], "least"), 0)
    assert.strictEqual(flatness([10, 10, 10, 10, 10, 10, 15, 15, 15], "median"), 50)
    assert.isNull(flatness([1, 2, 3], "median"))
    assert.isNull(flatness(Array.from({ length: 9 }, () => null), "least"))
  })

  it("a changed, lost or added byte is found out", () => {
    const sent = message({ client: 7, bodyBytes: 300, third: 5, fourth: 0 })
    assert.isTrue(isIntact(sent))
    assert.deepStrictEqual(headOf(sent), { client: 7, bodyBytes: 300, third: 5, fourth: 0 })
    const changed = Buffer.from(sent)
    changed[200] = (changed[200] ?? 0) ^ 1
    for (const wrong of [changed, sent.subarray(0, -1), Buffer.concat([sent, Buffer.from("x")])]) {
      assert.isFalse(isIntact(wrong))
    }
    const incoming = new Incoming()
    assert.isFalse(incoming.add(sent.subarray(0, 20)))
    assert.isTrue(incoming.add(sent.subarray(20)))
  })

  it("a failure is excused by a fault that began just before, or where no address could serve, and by nothing else", () => {
    const weather = new Weather()
    weather.struck("web", 10_000)
    weather.allDown("names", true, 10_000)
    weather.allDown("names", false, 12_000)
    assert.strictEqual(weather.excuse("web", "a", 10_900, 11_000, "failed"), "caught")
    assert.strictEqual(weather.excuse("web", "a", 9_800, 18_000, "failed"), "caught")
    assert.strictEqual(weather.excuse("web", "a", 5_000, 18_000, "failed"), "none")
    assert.strictEqual(weather.excuse("web", "a", 11_100, 11_200, "failed"), "none")
    assert.strictEqual(weather.excuse("crowd", "a", 10_100, 10_200, "failed"), "none")
    assert.strictEqual(weather.excuse("names", "a", 11_000, 11_100, "failed"), "none-could")
    assert.strictEqual(weather.excuse("names", "a", 12_100, 12_200, "failed"), "none")
  })

  it("a fault behind a good handshake excuses each target for a second from the first client that met it", () => {
    const weather = new Weather()
    weather.struck("names", 10_000)
    weather.hidden("names", true, 10_000)
    const failed = (target: string, arrivedMs: number) =>
      weather.excuse("names", target, arrivedMs, arrivedMs + 8_000, "failed")
    assert.strictEqual(failed("alpha", 13_000), "caught")
    assert.strictEqual(failed("alpha", 13_900), "caught")
    assert.strictEqual(failed("alpha", 15_000), "none")
    assert.strictEqual(failed("beta", 18_000), "caught")
    weather.hidden("names", false, 20_000)
    assert.strictEqual(failed("gamma", 21_000), "none")
  })

  it("a recovery is the first client that the nearest address serves after the fault", () => {
    const recoveries = new Recoveries(1)
    const fault = { kind: "dies", group: "web", position: 2, atMs: 0, untilMs: 20_000 } as const
    recoveries.begin(fault, 1_000, 21_000, 5)
    recoveries.note("fairlead", "web", 2_000, 2_100, 4)
    recoveries.note("fairlead", "web", 22_000, 22_100, 4)
    recoveries.note("control", "web", 22_500, 22_600, 5)
    recoveries.note("fairlead", "web", 24_000, 24_100, 5)
    recoveries.note("fairlead", "web", 25_000, 25_100, 5)
    const [seen] = recoveries.seen
    assert.strictEqual(seen?.backMs, 3_000)
    assert.strictEqual(seen?.boundMs, 20_500)
    assert.deepStrictEqual(seen?.fairlead, { clients: 1, served: 1 })

    recoveries.begin(fault, 31_000, 32_000, 5)
    recoveries.note("fairlead", "web", 33_000, 40_000, 4)
    assert.deepInclude(recoveries.seen[1], { backMs: null, isDue: true })
  })

  it("a plot leaves gaps where nothing is known, and shows text as text", () => {
    const frame = { sliceMs: 1_000, totalMs: 4_000, shades: [{ fromMs: 0, untilMs: 1_000, text: "<b>" }] }
    const svg = svgOf({ title: "a & b", unit: "ms", curves: [{ name: "x", tone: "c1", values: [1, null, 2, 3] }] }, frame)
    assert.strictEqual(svg.match(/ d="[^"]*"/)?.[0].match(/M/g)?.length, 2)
    assert.include(svg, "&#60;b&#62;")
    assert.include(svg, "a &#38; b")
    assert.notInclude(svg, "NaN")
  })
})

describe("the page of a soak", () => {
  const page = (faults: number) => {
    const [fault] = findings().faults
    if (fault === undefined) throw new Error("no fault")
    const many = Array.from({ length: faults }, (_, i) => ({ ...fault, says: `fault ${i}` }))
    const served = { clients: 10, served: 1 }
    const seen = { ...findings(), faults: [...many, { ...fault, says: "the <worst> one", fairlead: served }] }
    return reportHtml({ ...seen, verdict: verdictOf(seen, {}), baseline: null })
  }

  it("shows verdict, plots and faults, and text as text", () => {
    const text = page(1)
    assert.include(text, '<p class="verdict pass">READY.</p>')
    assert.strictEqual(text.match(/<svg/g)?.length, 10)
    assert.include(text, "fault 0")
    assert.include(text, "the &#60;worst&#62; one")
    assert.notMatch(text, /NaN|undefined|Infinity/)
  })

  it("of a soak of days shows the faults in which most clients were lost, and says that others are left out", () => {
    const text = page(1_000)
    assert.include(text, "the &#60;worst&#62; one")
    assert.include(text, "701 with fewer lost clients are left out")
    assert.isBelow(text.length, 250_000)
  })
})

describe("the published schema of the report", () => {
  it("is what the code says: node tools/soakSchema.ts writes it", () => {
    assert.strictEqual(fs.readFileSync("docs/soak-report.schema.json", "utf8"), reportSchemaText())
  })
})
