import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Ordered from "../../src/core/data/Ordered.ts"
import { domainIn, domainOf } from "../../src/core/domain.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import { configure, freeSlot, slotOf, slotsOf } from "../../src/core/slots.ts"
import { configWith, onDemandDefaults, upstreamWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law, met } from "../check.ts"

const hosts = ["a.example", "B.Example.", "c.example", "198.18.0.9", "2001:db8::9"]
const domain = fc.record({ host: fc.constantFrom(...hosts), port: fc.constantFrom(443, 80) })
const configOf = (configured: ReadonlyArray<{ readonly host: string; readonly port: number }>, most = 0): Config => ({
  ...configWith(configured.map((one, i) => ({ ...one, name: `web${i}`, pool: { mode: "off" } }))),
  onDemand: { ...onDemandDefaults, idleMs: 60_000, maxEntries: most },
  template: upstreamWith({ name: "", preheat: false })
})

/** What the index says is what a search of all slots says. */
function agree(state: State): void {
  const { upstreams } = state.config
  for (const host of hosts) {
    for (const port of [443, 80]) {
      const wanted = domainOf(host, port)
      const slot = upstreams.findIndex((one) => domainIn(one) === wanted)
      expect(slotOf(state, wanted)).toBe(slot < 0 ? undefined : slot)
    }
  }
  const free = upstreams.findIndex(({ name }) => name === "")
  expect(freeSlot(state)).toBe(free < 0 ? upstreams.length : free)
  const kept = upstreams.filter(({ onDemand, removed }) => onDemand && !removed)
  expect(state.index.slots.demanded).toBe(kept.length)
}

const act = fc.oneof(
  fc.record({ kind: fc.constant("ask" as const), ...{ domain } }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(100, 6_000, 200_000) }),
  fc.record({ kind: fc.constant("reload" as const), configured: fc.array(domain, { maxLength: 4 }), enabled: fc.boolean() })
)

describe("the index of slots", () => {
  law(
    "finds an upstream by its domain as a search of all slots does, whatever was asked for, dropped and configured",
    fc.property(fc.array(domain, { maxLength: 4 }), fc.constantFrom(0, 1, 3), fc.array(act, { maxLength: 20 }), (...it) => {
      const [configured, most, acts] = it
      const toy = new Simulation(configOf(configured, most), { otherwise: 5 })
      for (const [i, host] of hosts.entries()) toy.names(host, [`198.18.1.${i + 1}`])
      toy.start().run(100)
      for (const one of acts) {
        if (one.kind === "ask") toy.asks(one.domain.host, one.domain.port).run(20)
        else if (one.kind === "wait") toy.run(one.ms)
        else {
          const config = configOf(one.configured, most)
          const onDemand = { ...config.onDemand, enabled: one.enabled }
          toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...config, onDemand } })
        }
        agree(toy.state)
        const { upstreams } = toy.state.config
        if (upstreams.some(({ onDemand, removed }) => onDemand && !removed)) met("a name on demand has a slot")
        if (upstreams.some(({ name }) => name === "")) met("a slot is free")
        if (upstreams.some(({ removed, name }) => removed && name !== "")) met("a removed upstream keeps its slot")
        expect(faults(toy.state)).toEqual([])
      }
    }),
    {
      share: 0.3,
      floors: { "a name on demand has a slot": 43, "a slot is free": 61, "a removed upstream keeps its slot": 18 }
    }
  )

  law(
    "changes at a cost that does not grow with the number of slots, and equals an index made from nothing",
    fc.property(fc.array(fc.tuple(fc.nat(40), domain, fc.boolean(), fc.boolean()), { maxLength: 60 }), (changes) => {
      let state = new Simulation(configOf([]), { otherwise: 5 }).state
      for (const [place, { host, port }, onDemand, removed] of changes) {
        const id = Math.min(place, state.config.upstreams.length)
        const name = removed && !onDemand ? "" : `${host}${port}`
        state = configure(state, id, upstreamWith({ name, host, port, onDemand, removed }))
        agree(state)
        if (state.config.upstreams.some((one) => one.name === "")) met("a slot is free")
      }
      const { domains, free, demanded } = slotsOf(state.config)
      expect(state.index.slots.demanded).toBe(demanded)
      expect(pairs(state.index.slots.domains)).toEqual(pairs(domains))
      expect(pairs(state.index.slots.free)).toEqual(pairs(free))
    }),
    { share: 0.3, floors: { "a slot is free": 96 } }
  )
})

function pairs(tree: Ordered.Ordered): ReadonlyArray<readonly [number, number]> {
  const all: Array<readonly [number, number]> = []
  Ordered.visit(tree, (key, id) => all.push([key, id]) > 0)
  return all
}
