/** Connections without a byte, which some servers count: how many probes an upstream gets without clients, or with few. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(3).map(({ host }) => host) as [string, string, string]
const HOUR_MS = 3_600_000
const world = (probing: Partial<{ idle: "always" | "lazy"; idleProbes: number }>, changes: UpstreamChanges = {}) =>
  new Simulation(configWith([{ candidates: addresses(3), probing, pool: { mode: "off" }, ...changes }]))
    .set(a, 20).set(b, 24).set(c, 90).start()
const probesOf = (toy: Simulation, host: string, sinceUs = 0) =>
  toy.probes.filter((one) => one.host === host && one.atUs >= sinceUs).length

describe("an upstream that no client uses", () => {
  it("is probed each interval with idle always, and once for each address with idle lazy", () => {
    const always = world({ idle: "always" }).run(HOUR_MS)
    expect(always.probes.length).toBeGreaterThan(3 * 350)
    const lazy = world({ idle: "lazy" }).run(HOUR_MS)
    expect(lazy.probes.map(({ host }) => host)).toEqual([a, b, c])
  })

  it("serves the first client after an hour by what it knew, and is probed again from then on", () => {
    const toy = world({ idle: "lazy" }).run(HOUR_MS)
    const sinceUs = toy.atUs
    toy.client(10).run(100)
    expect(toy.unserved).toEqual([])
    toy.run(30_000)
    expect(toy.members().length).toBeGreaterThan(0)
    expect(probesOf(toy, b, sinceUs)).toBeGreaterThanOrEqual(2)
    // A minute later it counts as unused.
    toy.run(60_000)
    const restedUs = toy.atUs
    toy.run(HOUR_MS)
    expect(toy.probes.filter(({ atUs }) => atUs > restedUs)).toEqual([])
  })

  it("with an open breaker is not probed until a client comes", () => {
    const toy = world({ idle: "lazy" }, { breaker: { failureThreshold: 1 } }).run(1_000)
    toy.set(a, "refused").client().run(70_000)
    const sinceUs = toy.atUs
    toy.run(HOUR_MS)
    expect(toy.probes.filter(({ atUs }) => atUs > sinceUs)).toEqual([])
    toy.set(a, 20).client(10).run(40_000)
    expect(Vector.get(toy.state.candidates, 0)!.breaker.state).toBe("closed")
  })

  it("is probed each interval again after a reload to idle always", () => {
    const toy = world({ idle: "lazy" }).run(HOUR_MS)
    const one = toy.state.config.upstreams[0]!
    const upstreams = [{ ...one, probing: { ...one.probing, idle: "always" as const } }]
    const sinceUs = toy.atUs
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...toy.state.config, upstreams } }).run(60_000)
    expect(probesOf(toy, a, sinceUs)).toBeGreaterThanOrEqual(5)
  })
})

describe("an upstream that clients use, with idle lazy", () => {
  it.each([5, 20])("sends %d probes to an address that serves no client, and then no more", (idleProbes) => {
    const toy = world({ idle: "lazy", idleProbes })
    for (let i = 0; i < 720; i++) toy.client(10).run(5_000)
    expect(toy.unserved).toEqual([])
    expect(probesOf(toy, c)).toBe(idleProbes)
  })

  it("sends probes again to an address that serves a client, or after an operator's refresh", () => {
    const toy = world({ idle: "lazy", idleProbes: 5 })
    for (let i = 0; i < 60; i++) toy.client(10).run(5_000)
    expect(probesOf(toy, c)).toBe(5)
    toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(1_000)
    expect(probesOf(toy, c)).toBe(6)
    // From now on only the third address can serve clients.
    toy.set(a, "refused").set(b, "refused")
    for (let i = 0; i < 12; i++) toy.client(10).run(5_000)
    toy.set(a, 20).set(b, 24)
    const sinceUs = toy.atUs
    for (let i = 0; i < 60; i++) toy.client(10).run(5_000)
    expect(probesOf(toy, c, sinceUs)).toBeGreaterThan(0)
    expect(probesOf(toy, c, sinceUs)).toBeLessThanOrEqual(6)
  })
})
