/** Laws of resolving: the name of an upstream with a running pool is queried for as long as the pool runs. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import type { Advance } from "../../src/core/advance.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { mayResolve } from "../../src/core/invariants.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { isPlanned } from "../../src/core/upstream/resolving.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { farScript, play, ruledScript, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Expects a query under way or due for each upstream with a name and a running pool, and counts these upstreams. */
function expectPlanned(state: State, event: Event, premise: string): void {
  for (const upstream of Vector.toArray(state.upstreams)) {
    if (!Upstreams.isPreheated(state, upstream.id) || !mayResolve(state, upstream.id)) continue
    met(premise)
    expect(isPlanned(upstream), `${upstream.name} after ${event._tag}`).toBe(true)
  }
}

describe("an upstream with a name and a running pool", () => {
  law(
    "has a query under way or due after every entry of any run",
    fc.property(fc.oneof(script(), ruledScript(), farScript()), (it) => {
      play(it, ({ event }, _before, { state }) => expectPlanned(state, event, "an upstream with a name runs"))
    }),
    { floors: { "an upstream with a name runs": 1_000 } }
  )

  law(
    "is queried as often after auto-disable has ended by itself as before it began",
    fc.property(
      fc.integer({ min: 5, max: 60 }),
      fc.integer({ min: 5, max: 60 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      (refreshS, cooldownS, failures, count) => {
        const hosts = Array.from({ length: count }, (_, i) => `198.18.0.${i + 1}`)
        let wasPaused = false
        const watched: Advance = (state, entry) => {
          const advanced = advance(state, entry)
          wasPaused ||= advanced.decisions.some((one) => one._tag === "AutoEnabled" && one.reason === "cooldown")
          if (wasPaused) expectPlanned(advanced.state, entry.event, "an upstream with a name runs, after auto-disable")
          return advanced
        }
        const config = configWith([{ host: "web.example", dns: { refreshMs: refreshS * 1_000 }, pool: { mode: "off" } }])
        const autoDisable = { failures, cooldownMs: cooldownS * 1_000, roundMs: 10_000 }
        const toy = new Simulation({ ...config, autoDisable }, { advance: watched }).names("web.example", hosts)
        const answer = (how: number | "refused") => hosts.forEach((host) => toy.set(host, how))
        const queriesIn = (forMs: number) => {
          const before = toy.queries.length
          toy.run(forMs)
          return toy.queries.length - before
        }
        answer(10)
        toy.start().run(30_000)
        const before = queriesIn(10 * refreshS * 1_000)
        answer("refused")
        for (let i = 0; i < 100 && Upstreams.isEnabled(toy.state); i++) toy.run(1_000)
        answer(10)
        if (Upstreams.isEnabled(toy.state)) return
        toy.run(cooldownS * 1_000 + 20_000)
        met("auto-disable ended by itself")
        expect(wasPaused).toBe(true)
        expect(Math.abs(queriesIn(10 * refreshS * 1_000) - before)).toBeLessThanOrEqual(1)
      }
    ),
    {
      share: 0.2,
      floors: { "auto-disable ended by itself": 20, "an upstream with a name runs, after auto-disable": 1_000 }
    }
  )
})
