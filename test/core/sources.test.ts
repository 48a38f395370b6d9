/** Where candidates come from: each source alone, all together, and switched off. */
import { describe, expect, it } from "vitest"
import { connectionsOf, find } from "../../src/core/candidates.ts"
import type { Config, Sources } from "../../src/core/model/Config.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c, d] = addresses(9).map(({ host }) => host) as [string, string, string, string]
const WEB = "web.example"
const at = (host: string) => ({ host, port: 443 })
const base: Config = {
  ...configWith([{ host: WEB, candidates: [at(a), at(b)], fallback: [at(d), at(a)] }]),
  builtin: [{ host: "other.example", addresses: ["198.18.9.9"] }, { host: WEB, addresses: [b, c] }]
}
const without = (...off: ReadonlyArray<keyof Sources>): Config => ({
  ...base,
  sources: { ...base.sources, ...Object.fromEntries(off.map((one) => [one, false])) }
})
const begun = (config: Config) => new Simulation(config, { otherwise: 20 }).names(WEB, [c]).start().run(2_000)
const upstreamOf = (toy: Simulation) => Upstreams.find(toy.state, 0)!
const accepted = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).findLast((event) => event._tag === "ClientAccepted")!
const reload = (toy: Simulation, config: Config) => toy.post({ _tag: "ConfigChanged", worker: 0, config })
/** The known addresses, and the sources that name each. */
const sources = (toy: Simulation) => {
  const { listed, fallback } = upstreamOf(toy)
  const all = [...new Set([...listed, ...fallback])].map((id) => find(toy.state, id)!)
  return Object.fromEntries(all.map(({ host, sources }) => [host, sources.toSorted()]))
}

describe("sources", () => {
  it("are merged: an address keeps all sources that name it, and a built-in one has the upstream's port", () => {
    const toy = begun(base)
    expect(sources(toy)).toEqual({
      [a]: ["fallback", "user-static"],
      [b]: ["builtin", "user-static"],
      [c]: ["builtin", "dns"],
      [d]: ["fallback"]
    })
    expect(find(toy.state, upstreamOf(toy).listed[2])).toMatchObject({ host: c, port: 443 })
  })

  it.each<[keyof Sources, ReturnType<typeof sources>]>([
    ["userStatic", { [a]: ["fallback"], [b]: ["builtin"], [c]: ["builtin", "dns"], [d]: ["fallback"] }],
    ["builtin", { [a]: ["fallback", "user-static"], [b]: ["user-static"], [c]: ["dns"], [d]: ["fallback"] }],
    ["fallback", { [a]: ["user-static"], [b]: ["builtin", "user-static"], [c]: ["builtin", "dns"] }],
    ["dns", { [a]: ["fallback", "user-static"], [b]: ["builtin", "user-static"], [c]: ["builtin"], [d]: ["fallback"] }]
  ])("that are switched off name no address, at the start or after a reload: %s", (off, left) => {
    expect(sources(begun(without(off)))).toEqual(left)
    const toy = begun(base)
    reload(toy, without(off))
    expect(sources(toy)).toEqual(left)
    reload(toy, base)
    expect(sources(toy.run(1_000))).toEqual(sources(begun(base)))
  })

  it("that are switched off let their candidates drain: a session stays, no new client comes", () => {
    const config = { ...without(), ...configWith([{ candidates: [at(a), at(b)] }]) }
    const toy = new Simulation(config).set(a, 10).set(b, 20).start().run(2_000)
    toy.client(300_000).run(20)
    reload(toy, { ...config, sources: { ...config.sources, userStatic: false } })
    const [first, second] = upstreamOf(toy).left
    expect(upstreamOf(toy).listed).toEqual([])
    expect(connectionsOf(find(toy.state, first)!) + connectionsOf(find(toy.state, second)!)).toBe(1)
    expect(toy.state.routes.upstreams[0]).toMatchObject({ members: [], lastResort: { attempts: [] } })
    toy.run(1)
    expect(toy.warm(a) + toy.warm(b)).toBe(0)
  })

  it("without dns send no query for candidates, but the last resort still does", () => {
    const config = { ...configWith([{ host: WEB, dns: { refreshMs: 5_000 } }]), sources: without("dns").sources }
    const toy = new Simulation(config, { otherwise: 20 }).names(WEB, [c]).start().run(60_000)
    expect(toy.queries).toEqual([])
    expect(toy.state.routes.upstreams[0]).toMatchObject({ state: "system" })
    toy.client(1_000).run(1_000)
    expect(accepted(toy)).toMatchObject({ candidate: "system", tried: [{ host: c, outcome: "connected" }] })
    // An answer that is under way when dns is switched off names no candidate.
    const late = new Simulation({ ...config, sources: base.sources }).names(WEB, [c]).start()
    reload(late, config)
    expect(upstreamOf(late.run(60_000)).listed).toEqual([])
    expect(late.queries).toHaveLength(1)
  })

  it("query again at once when dns is switched on, and only once when everything starts with it", () => {
    const toy = begun(without("dns"))
    expect(toy.queries).toHaveLength(0)
    reload(toy, base)
    expect(toy.queries).toHaveLength(1)
    reload(toy, { ...without("dns"), enabled: false })
    reload(toy.run(1_000), { ...base, enabled: true })
    expect(toy.run(1_000).queries).toHaveLength(2)
  })

  it("keep the addresses of a silent server for two answers, and follow the other servers from the third on", () => {
    const config = configWith([{ host: WEB, dns: { refreshMs: 60_000 } }])
    const toy = new Simulation(config, { otherwise: 20 }).names(WEB, [a, b]).start().run(59_000)
    toy.network.names.silent = 1
    toy.names(WEB, [b, c]).run(2_000)
    expect(Object.keys(sources(toy)).toSorted()).toEqual([a, b, c])
    toy.run(5_000)
    expect(Object.keys(sources(toy)).toSorted()).toEqual([a, b, c])
    toy.run(5_000)
    expect(Object.keys(sources(toy)).toSorted()).toEqual([b, c])
    toy.names(WEB, [c]).run(60_000)
    expect(Object.keys(sources(toy))).toEqual([c])
    expect(toy.queries.map(({ atUs }) => Math.round(atUs / 1e6))).toEqual([0, 60, 65, 70, 130])
    // Once all servers have answered, the next silence is waited out again.
    toy.network.names.silent = 0
    toy.run(60_000)
    toy.network.names.silent = 1
    toy.names(WEB, [d]).run(60_000)
    expect(Object.keys(sources(toy)).toSorted()).toEqual([c, d])
  })
})
