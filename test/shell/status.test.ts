/** What `/status` shows, whole and in slices. */
import { assert, describe, it } from "vitest"
import type { Seen } from "../../src/shell/status.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { explainDocument } from "../../src/shell/explain/document.ts"
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

  it("says since when all candidates of an upstream fail together, and why they are off after some rounds of it", () => {
    const config = configWith([{ candidates: addresses(4), pool }])
    const toy = new Simulation(config, { otherwise: 20 }).start().run(20_000)
    const now = (): Seen => ({ ...seen(1), state: toy.state, nowUs: toy.atUs })
    const shown = () => statusOf(now(), { addresses: "redacted", candidates: 4 }).upstreams[0]
    const explained = () => {
      const upstream = Vector.get(toy.state.upstreams, 0)!
      return explainDocument({ state: toy.state, upstream, atUs: toy.atUs, evidence: null }, {
        addresses: "full",
        candidates: 4
      })
    }
    assert.isNull(shown()?.commonCause)
    for (const { host } of addresses(4)) toy.set(host, "refused")
    toy.run(30_000)
    assert.isNotNull(shown()?.commonCause)
    assert.isAtLeast(shown()?.commonCause?.sinceSeconds ?? 0, 19)
    assert.isAtMost(shown()?.commonCause?.sinceSeconds ?? 0, 30)
    assert.isTrue(shown()?.candidates.some(({ active }) => active))
    assert.match(explained().text, /all candidates fail together/)
    toy.run(60_000)
    assert.strictEqual(shown()?.state, "disabled")
    assert.match(
      explained().text,
      /^the last resort serves: all candidates of all upstreams failed, round after round; for [\dms ]+ more/
    )
    assert.match(explained().candidates[3]?.why ?? "", /^all candidates of all upstreams failed/)
    assert.match(explained().candidates[3]?.change ?? "", /when a client is served, or in/)
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false })
    assert.match(explained().text, /^the last resort serves: it is turned off/)
    assert.strictEqual(explained().candidates[3]?.why, "the upstream is off")
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
