import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { domainIn } from "../../src/core/domain.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { configWith, onDemandDefaults, upstreamWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { play, ruledScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const HELD_MS = 10_000_000
const KEPT = "kept.example:443"
const names = ["a", "b", "c", "d", "e", "f"].map((one) => `${one}.example`)

const configOf = (maxEntries: number): Config => ({
  ...configWith([{ name: "kept", host: "kept.example" }]),
  onDemand: { ...onDemandDefaults, idleMs: HELD_MS, maxEntries },
  template: upstreamWith({ name: "", preheat: false })
})

/** What the model keeps, the least recently used first. */
class Model {
  kept: Array<{ readonly name: string; sessions: number }> = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  use(name: string, sessions = 0): void {
    const known = this.kept.find((one) => one.name === name)
    if (known === undefined) this.#makeRoom()
    this.kept = [...this.kept.filter((one) => one !== known), { name, sessions: (known?.sessions ?? 0) + sessions }]
  }

  #makeRoom(): void {
    let surplus = this.#most === 0 ? 0 : this.kept.length + 1 - this.#most
    this.kept = this.kept.filter(({ sessions }) => sessions > 0 || surplus-- <= 0)
  }
}

const use = fc.record({
  name: fc.constantFrom(...names),
  /** A client that stays, one that leaves at once, or none after the request. */
  client: fc.constantFrom(0, 1, HELD_MS),
  gapMs: fc.constantFrom(50, 100, 5_000)
})

describe("upstreams made on demand", () => {
  law(
    "are kept as in a least-recently-used model, except those with sessions, and a configured upstream stays",
    fc.property(fc.array(use, { maxLength: 25 }), fc.constantFrom(0, 1, 2, 4), (uses, maxEntries) => {
      const toy = new Simulation(configOf(maxEntries), { otherwise: 5 })
      for (const [i, name] of [...names, "kept.example"].entries()) toy.names(name, [`198.18.0.${i + 1}`])
      toy.start().run(1_000)
      const model = new Model(maxEntries)
      for (const { name, client, gapMs } of uses) {
        toy.asks(name).run(30)
        model.use(name)
        const place = toy.state.config.upstreams.findIndex((one) => domainIn(one) === `${name}:443`)
        if (client > 0) {
          toy.client(client, place).run(20)
          model.use(name, client === HELD_MS ? 1 : 0)
        }
        toy.run(gapMs)
        const domains = toy.state.config.upstreams.map(domainIn).filter((domain) => domain !== "")
        expect(domains.toSorted()).toEqual([KEPT, ...model.kept.map((one) => `${one.name}:443`)].toSorted())
        expect(toy.active(0)).toEqual([1])
      }
    }),
    { share: 0.3 }
  )

  law(
    "have one race at a time, and a use starts nothing while a candidate serves",
    fc.property(ruledScript(), (it) => {
      play(it, ({ event }, before, { decisions, state }) => {
        for (const decision of decisions) {
          if (decision._tag !== "Race") continue
          met("a race began")
          const race = Vector.get(before.upstreams, decision.upstream)?.race ?? 0
          // A race that said nothing about any candidate is run again as it ends.
          if (event._tag !== "Raced" || event.race !== race) expect([0, "resolving"]).toContain(race)
          const { searchUntilUs } = Vector.get(state.upstreams, decision.upstream)!
          expect(state.config.upstreams[decision.upstream]?.preheat === false || searchUntilUs >= state.at).toBe(true)
          const addresses = decision.plan.attempts.map(({ host, port }) => `${host} ${port}`)
          expect(new Set(addresses).size).toBe(addresses.length)
        }
        if (event._tag !== "DomainRequested" || event.upstream === "none") return
        if (before.routes.upstreams[event.upstream]?.needsDiscovery === true) return
        met("a name was used that serves")
        expect(decisions).toEqual([])
      })
    }),
    { floors: { "a race began": 13, "a name was used that serves": 35 } }
  )
})

describe("a member", () => {
  law(
    "does not expire while it answers, however rarely rounds come",
    fc.property(
      fc.constantFrom(1_000, 60_000, 3_600_000),
      fc.constantFrom(5_000, 60_000),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(2 ** 31),
      (intervalMs, scoreTtlMs, count, seed) => {
        const candidates = Array.from({ length: count }, (_, i) => ({ host: `198.18.0.${i + 1}`, port: 443 }))
        const pool = { mode: "off" as const }
        const toy = new Simulation(configWith([{ candidates, probing: { intervalMs }, scoreTtlMs, pool }]), {
          otherwise: 10,
          seed
        }).start().run(8 * scoreTtlMs)
        const left = toy.moves.flatMap(({ moves }) => moves).filter(({ reason }) => reason === "expired")
        expect(left).toEqual([])
      }
    ),
    { share: 0.3 }
  )
})
