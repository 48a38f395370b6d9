/** What `/status` shows, whole and in slices. */
import { assert, describe, it } from "vitest"
import type { Seen } from "../../src/shell/status.ts"
import { statusOf, statusText } from "../../src/shell/status.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const pool = { mode: "off" } as const

function seen(candidates: number): Seen {
  const config = configWith([{ candidates: addresses(candidates), pool }, { name: "other", host: "gone.example", pool }])
  const { state } = new Simulation(config, { otherwise: 20 }).start().run(2_000)
  const trouble = { reason: "ENOTFOUND", sinceUs: 500_000, lastUs: 1_500_000, times: 3 }
  const names = { of: (host: string) => host === "gone.example" ? trouble : undefined }
  return { state, nowUs: 2_000_000, restarts: 0, listeners: [], record: { from: 0, to: 9, gaps: 0 }, names }
}

describe("the status", () => {
  it("is the same whole and in slices, and no slice has more than 64 candidates", () => {
    const options = { addresses: "redacted", candidates: 5_000 } as const
    const now = seen(1_000)
    const slices = [...statusText(now, options)]
    assert.deepStrictEqual(JSON.parse(slices.join("")), JSON.parse(JSON.stringify(statusOf(now, options))))
    assert.isAtMost(Math.max(...slices.map((slice) => slice.split('"lastSampleAt"').length - 1)), 64)
  })

  it("shows reason, start and count for a name without addresses", () => {
    const [web, other] = statusOf(seen(1), { addresses: "redacted", candidates: 1 }).upstreams
    assert.isNull(web?.dns)
    const [since, lastAt] = [other?.dns?.since, other?.dns?.lastAt].map((at) => Date.parse(at ?? ""))
    assert.deepInclude(other?.dns, { reason: "ENOTFOUND", times: 3 })
    assert.strictEqual((lastAt ?? 0) - (since ?? 0), 1_000)
  })

  it("shows the active set first, then measured candidates, then the others", () => {
    const now = seen(1_000)
    const [web] = statusOf(now, { addresses: "redacted", candidates: 1_000 }).upstreams
    const shown = web?.candidates ?? []
    const active = shown.map((one) => one.active)
    assert.isAbove(active.lastIndexOf(true), -1)
    assert.strictEqual(active.lastIndexOf(true), active.filter((one) => one).length - 1)
    const measured = shown.map(({ costMs }) => costMs !== null)
    assert.isTrue(measured.includes(false))
    assert.strictEqual(measured.lastIndexOf(true), measured.filter((one) => one).length - 1)
    assert.strictEqual(new Set(shown.map(({ id }) => id)).size, 1_000)
  })
})
