import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { domainIn } from "../../src/core/domain.ts"
import type { Config } from "../../src/core/model/Config.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { configWith, onDemandDefaults, upstreamWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Move } from "../arbitraries/moves.ts"
import type { Script } from "../arbitraries/run.ts"
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

/** Many names are asked for, and races end. */
const asking = ruledScript(60).map((it): Script => ({
  ...it,
  config: { ...it.config, enabled: true, onDemand: { ...it.config.onDemand, enabled: true } },
  moves: it.moves.map((one, i) =>
    i % 2 === 0 && one.kind !== "override"
      ? { ...one, kind: ASKED[one.pick % ASKED.length]!, gapUs: Math.min(one.gapUs, 1_000_000) }
      : one
  )
}))
const ASKED: ReadonlyArray<Move["kind"]> = ["demand", "demand", "raceAnswer", "resolveAnswer"]

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
        if (maxEntries > 0 && new Set(uses.map((one) => one.name)).size > maxEntries) {
          met("there are more names than entries")
        }
        if (maxEntries > 0 && model.kept.length > maxEntries) met("sessions keep more names than entries")
        expect(domains.toSorted()).toEqual([KEPT, ...model.kept.map((one) => `${one.name}:443`)].toSorted())
        expect(toy.active(0)).toEqual([1])
      }
    }),
    { share: 0.3, floors: { "there are more names than entries": 71, "sessions keep more names than entries": 26 } }
  )

  law(
    "are dropped within pruneInterval after no client has used them for idle, and neither before nor while a session lasts",
    fc.property(
      fc.array(use, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1_000, max: 20_000 }),
      fc.integer({ min: 500, max: 10_000 }),
      (uses, idleMs, pruneIntervalMs) => {
        const config = configOf(0)
        const toy = new Simulation({ ...config, onDemand: { ...config.onDemand, idleMs, pruneIntervalMs } }, {
          otherwise: 5
        })
        for (const [i, name] of names.entries()) toy.names(name, [`198.18.0.${i + 1}`])
        toy.start().run(1_000)
        const usedMs = new Map<string, number>()
        const held = new Set<string>()
        /** Names that are due to be gone, and those that have to be there. */
        const check = () => {
          const kept = toy.state.config.upstreams.map(domainIn)
          for (const [name, atMs] of usedMs) {
            const has = kept.includes(`${name}:443`)
            if (held.has(name)) met("a session lasts")
            if (held.has(name) || toy.atMs < atMs + idleMs) expect([name, has]).toEqual([name, true])
            else if (toy.atMs > atMs + idleMs + pruneIntervalMs + 100) {
              met("a name was unused for long")
              expect([name, has]).toEqual([name, false])
            }
          }
        }
        for (const { name, client, gapMs } of uses) {
          toy.asks(name).run(30)
          usedMs.set(name, toy.atMs)
          const place = toy.state.config.upstreams.findIndex((one) => domainIn(one) === `${name}:443`)
          if (client > 0) toy.client(client, place)
          if (client === HELD_MS) held.add(name)
          toy.run(20)
          for (let i = 0; i < 4; i++) {
            toy.run(gapMs)
            check()
          }
        }
      }
    ),
    { share: 0.3, floors: { "a session lasts": 800, "a name was unused for long": 410 } }
  )

  law(
    "have one race at a time, and a use starts nothing while a candidate serves",
    fc.property(asking, (it) => {
      play(it, ({ event }, before, { decisions, state }) => {
        if (event._tag === "DomainRequested" && event.upstream !== "none") {
          const known = Vector.get(before.upstreams, event.upstream)
          if (known !== undefined && known.race !== 0) met("a name was used during its race")
        }
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
    { share: 0.5, floors: { "a race began": 32, "a name was used that serves": 85, "a name was used during its race": 17 } }
  )

  law(
    "serve their clients as soon as a race has a winner, and go down the ladder when it has none",
    fc.property(asking, (it) => {
      play(it, ({ event }, before, { state, decisions }) => {
        if (event._tag !== "Raced") return
        const { upstream: id, race } = event
        const was = Vector.get(before.upstreams, id)
        if (was === undefined || was.race !== race || state.outage.sinceUs >= 0) return
        const winner = Candidates.find(state, event.candidate)
        const wins = winner !== undefined && Candidates.isListed(winner)
          && winner.costMs >= 0 && winner.breaker.state === "closed"
        const routes = state.routes.upstreams[id]!
        if (wins && winner.identity.state !== "failed" && Upstreams.isOn(state, id)) {
          met("a race had a winner")
          expect(Vector.get(state.upstreams, id)!.race).toBe(0)
          expect(routes.needsDiscovery).toBe(false)
          const offered = [routes.lastResort, ...routes.members.map(({ plan }) => plan)].flatMap(({ attempts }) => attempts)
          expect(offered.map(({ candidate }) => candidate)).toContain(winner.id)
        }
        if (event.candidate !== "none" || decisions.some(({ _tag }) => _tag === "Race") || routes.members.length > 0) return
        if (routes.state === "disabled") return
        met("a race had none")
        expect(routes.lastResort.attempts.length > 0).toBe(true)
        expect(routes.needsDiscovery).toBe(false)
      })
    }),
    { share: 0.5, floors: { "a race had a winner": 5, "a race had none": 20 } }
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
        if (intervalMs >= scoreTtlMs) met("rounds are rarer than the time to live")
        expect(toy.members().length).toBe(Math.min(3, count))
        expect(left).toEqual([])
      }
    ),
    { share: 0.3, floors: { "rounds are rarer than the time to live": 19 } }
  )
})
