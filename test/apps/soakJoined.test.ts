/** A soak that was ended early and resumed. */
import { assert, describe, it } from "vitest"
import { Histogram } from "../../src/apps/soak/Histogram.ts"
import { joined } from "../../src/apps/soak/joined.ts"
import type { ClientCounts, Findings } from "../../src/apps/soak/Report.ts"
import { verdictOf } from "../../src/apps/soak/verdict.ts"
import { findings } from "../support/soakFindings.ts"

const ENDED_MS = 1_210_000

/** Clients whose first byte took these times. */
function served(times: ReadonlyArray<number>): ClientCounts {
  const histogram = new Histogram()
  for (const ms of times) histogram.add(ms)
  const [p50Ms, p99Ms] = [histogram.quantile(0.5), histogram.quantile(0.99)].map((ms) => Number(ms?.toFixed(1)))
  const none = { failed: 0, caught: 0, noneCould: 0, cut: 0, corrupted: 0 }
  return {
    ...none,
    clients: times.length,
    served: times.length,
    p50Ms: p50Ms ?? 0,
    p99Ms: p99Ms ?? 0,
    firstByte: histogram.classes
  }
}

const FAST = Array.from({ length: 300 }, (_, i) => 10 + i / 10)
const SLOW = Array.from({ length: 700 }, (_, i) => 100 + i)

const first = (): Findings => ({
  ...findings(),
  complete: false,
  ranMs: ENDED_MS,
  fairlead: served(FAST),
  ways: [{ way: "tcp", fairlead: served(FAST), control: served(FAST) }],
  series: findings().series.filter(({ atMs }) => atMs <= ENDED_MS),
  faults: findings().faults.flatMap((fault) => [fault, { ...fault, atMs: ENDED_MS - 1, untilMs: ENDED_MS + 20_000 }])
})
const second = (): Findings => ({
  ...findings(),
  startedAt: "2026-01-02T00:00:00.000Z",
  fairlead: served(SLOW),
  ways: ["proxy", "tcp"].map((way) => ({ way, fairlead: served(SLOW), control: served(SLOW) })),
  series: findings().series.filter(({ atMs }) => atMs + 30_000 > ENDED_MS),
  faults: findings().faults.map((fault) => ({ ...fault, atMs: ENDED_MS + 1, untilMs: ENDED_MS + 20_001 }))
})

/** The lines of growth that failed. */
const grown = (seen: Findings) =>
  verdictOf(seen, {}).lines.filter(({ id, outcome }) => id.endsWith("Growth") && outcome === "fail").map(({ id }) => id)

describe("the report of a resumed soak", () => {
  it("has the clients and the quantiles of both parts, as if one had counted them all", () => {
    const whole = joined(first(), second())
    assert.deepStrictEqual(whole.fairlead, served([...FAST, ...SLOW]))
    assert.deepStrictEqual(whole.ways.map(({ way, fairlead }) => [way, fairlead.clients]), [["proxy", 700], ["tcp", 1_000]])
    assert.strictEqual(whole.refresh.probes, 2_000)
    assert.deepStrictEqual(whole.selections.byStrategy, { cheapest: 2_000 })
  })

  it("has each slice once, and the one in which the first part ended with the clients of both", () => {
    const whole = joined(first(), second())
    assert.deepStrictEqual(whole.series.map(({ atMs }) => atMs), findings().series.map(({ atMs }) => atMs))
    const shared = whole.series.filter(({ fairlead }) => fairlead.clients === 2_000)
    assert.deepStrictEqual(shared.map(({ atMs, probes }) => [atMs, probes]), [[1_200_000, 200]])
  })

  it("names when it was resumed, and has a fault that was interrupted once, whole", () => {
    const whole = joined(first(), second())
    assert.deepStrictEqual(whole.resumedAtMs, [ENDED_MS])
    assert.strictEqual(whole.startedAt, findings().startedAt)
    assert.isTrue(whole.complete)
    assert.deepStrictEqual(whole.faults.map(({ atMs }) => atMs), [50_000, ENDED_MS + 1])
  })

  it("judges growth within the last part, because the process before was another one", () => {
    const part = second()
    const smaller = first().series.map((slice) => ({ ...slice, fibers: 4, heapMiB: 5, descriptors: 10 }))
    const whole = joined({ ...first(), series: smaller }, part)
    assert.deepStrictEqual(grown(whole), [])
    const leaking = part.series.map((slice, i) => ({ ...slice, fibers: 40 + i }))
    assert.deepStrictEqual(grown(joined(first(), { ...part, series: leaking })), ["fiberGrowth"])
  })
})
