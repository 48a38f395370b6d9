/** Access lists: which addresses they keep out, at once and everywhere. */
import { describe, expect, it } from "vitest"
import { admits, refusalOf } from "../../src/core/access.ts"
import { find, labelOf } from "../../src/core/candidates.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { parseNetwork } from "../../src/core/schema/network.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { networks } from "../support/access.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(9) as [
  { host: string; port: number },
  { host: string; port: number },
  { host: string; port: number }
]
const WEB = "web.example"
const lists = (deny: ReadonlyArray<string>, allow: ReadonlyArray<string> = []) => ({
  access: { allow: networks(allow), deny: networks(deny) }
})
const reload = (toy: Simulation, config: Config) => toy.post({ _tag: "ConfigChanged", worker: 0, config })
const upstreamOf = (toy: Simulation) => Upstreams.find(toy.state, 0)!
const accepted = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).findLast((event) => event._tag === "ClientAccepted")!
const hosts = (toy: Simulation) => upstreamOf(toy).listed.map((id) => find(toy.state, id)!.host)
const refusals = (toy: Simulation) => toy.facts.filter((fact) => fact._tag === "AddressesRefused")
/** Every address that a client may be sent to. */
const dialled = (toy: Simulation) => {
  const [web] = toy.state.routes.upstreams
  return [web!.lastResort, ...web!.members.map(({ plan }) => plan)].flatMap(({ attempts }) =>
    attempts.map(({ host }) => host)
  )
}

describe("access lists", () => {
  it.each([
    ["198.18.0.1", ["198.18.0.0/24"], [], "deny"],
    ["198.18.1.1", ["198.18.0.0/24"], [], undefined],
    ["198.18.0.1", [], ["198.18.0.0/24"], undefined],
    ["198.19.0.1", [], ["198.18.0.0/24"], "allow"],
    ["198.18.0.1", ["198.18.0.1"], ["198.18.0.0/24"], "deny"],
    ["198.18.0.2", ["198.18.0.1"], ["198.18.0.0/24"], undefined],
    ["::ffff:198.18.0.1", ["198.18.0.0/24"], [], "deny"],
    ["::ffff:c612:1", ["198.18.0.0/24"], [], "deny"],
    ["198.18.0.1", ["::ffff:198.18.0.0/120"], [], "deny"],
    ["2001:db8:7::1", ["2001:db8:7::/48"], [], "deny"],
    ["2001:db8:8::1", ["2001:db8:7::/48"], [], undefined],
    ["2001:db8:7:ffff::1", ["2001:db8:7:8000::/49"], [], "deny"],
    ["2001:db8:7:7fff::1", ["2001:db8:7:8000::/49"], [], undefined],
    ["::1", ["0.0.0.0/0"], [], undefined],
    ["198.18.0.1", ["::/0"], [], undefined],
    ["198.18.0.1", ["0.0.0.0/0"], [], "deny"],
    ["255.255.255.255", ["128.0.0.0/1"], [], "deny"],
    ["web.example", ["2001:db8::/32"], [], "deny"],
    ["web.example", [], ["0.0.0.0/0"], "allow"],
    ["web.example", [], [], undefined]
  ])("address %s under deny %j and allow %j is refused by: %s", (host, deny, allow, list) => {
    const { access } = lists(deny, allow)
    expect(refusalOf(access, host)?.list).toBe(list)
    expect(admits(access, host)).toBe(list === undefined)
  })

  it.each(["198.18.0.1/24", "::ffff:0:0/90", "198.18.0.0/33", "198.18.0.0:443", "example.com", "", "1.2.3/8"])(
    "text %j is not accepted as a network",
    (text) => {
      expect(parseNetwork(text)).toBeUndefined()
    }
  )
})

describe("an address that the access lists refuse", () => {
  const base = configWith([{ candidates: [a, b], fallback: [c], host: WEB, dns: { refreshMs: 10_000 } }])

  it("joins from no source, and one fact tells why until other addresses are refused", () => {
    const config = { ...base, ...lists([`${a.host}/32`, `${c.host}/32`]) }
    const toy = new Simulation(config, { otherwise: 20 }).names(WEB, [a.host, b.host]).start().run(60_000)
    expect(hosts(toy)).toEqual([b.host])
    expect(dialled(toy)).not.toContain(a.host)
    expect(dialled(toy)).not.toContain(c.host)
    expect(toy.probes.map(({ host }) => host)).not.toContain(a.host)
    expect(toy.queries.length).toBeGreaterThan(3)
    const cidr = (host: string) => ({ host, list: "deny", cidr: `${host}/32` })
    expect(refusals(toy)).toMatchObject([
      { _tag: "AddressesRefused", upstream: 0, source: "user-static", count: 1, refused: [cidr(a.host)] },
      { _tag: "AddressesRefused", upstream: 0, source: "fallback", count: 1, refused: [cidr(c.host)] },
      { _tag: "AddressesRefused", upstream: 0, source: "dns", count: 1, refused: [cidr(a.host)] }
    ])
    toy.names(WEB, [c.host, a.host, b.host]).run(15_000)
    expect(refusals(toy).slice(3)).toMatchObject([{ source: "dns", count: 2 }])
    toy.names(WEB, [a.host, b.host, c.host]).run(60_000)
    expect(refusals(toy)).toHaveLength(4)
  })

  it("leaves at once when a reload denies it: its session stays, its warm sockets and plans do not", () => {
    const toy = new Simulation(base).set(a.host, 10).set(b.host, 200).names(WEB, []).start().run(5_000)
    toy.client(300_000).run(20)
    expect(toy.warm(a.host)).toBeGreaterThan(0)
    const [first] = upstreamOf(toy).listed
    reload(toy, { ...base, ...lists([a.host]) })
    expect(dialled(toy)).not.toContain(a.host)
    expect(hosts(toy)).toEqual([b.host])
    expect(find(toy.state, first)).toMatchObject({ sources: [], connections: [1] })
    toy.run(1)
    expect(toy.warm(a.host)).toBe(0)
    for (let i = 0; i < 5; i++) expect(accepted(toy.client(100).run(500)).candidate).not.toBe(first)
    expect(find(toy.state, first)!.connections).toEqual([1])
    // Admitted again, it is the same candidate as before.
    reload(toy, base)
    expect(hosts(toy).toSorted()).toEqual([a.host, b.host])
    expect(labelOf(toy.state, first!)).toBe("web#1")
    expect(dialled(toy)).toContain(a.host)
  })

  it("leaves a name with one reload and comes back with the next, and each reload queries the name", () => {
    const named = configWith([{ host: WEB }])
    const toy = new Simulation(named, { otherwise: 20 }).names(WEB, [a.host, b.host]).start().run(1_000)
    reload(toy, { ...named, ...lists([], [b.host]) })
    expect(hosts(toy)).toEqual([b.host])
    toy.run(1_000)
    expect(toy.queries).toHaveLength(2)
    reload(toy, named)
    toy.run(1_000)
    expect([toy.queries.length, hosts(toy).toSorted()]).toEqual([3, [a.host, b.host]])
  })

  it("counts as no answer when a name has no other: the candidates stay, and the name is queried again after 5 s", () => {
    const config = { ...configWith([{ host: WEB, dns: { refreshMs: 60_000 } }]), ...lists(["10.0.0.0/8"]) }
    const toy = new Simulation(config, { otherwise: 20 }).names(WEB, [a.host]).start().run(1_000)
    toy.names(WEB, ["10.0.0.1", "10.0.0.2"]).run(72_000)
    expect(toy.queries.map(({ atUs }) => Math.round(atUs / 1e6))).toEqual([0, 60, 65, 70])
    expect(hosts(toy)).toEqual([a.host])
    expect(refusals(toy)).toMatchObject([{ source: "dns", count: 2 }])
  })

  it.each([["everything is turned off", { enabled: false }, {}], ["the upstream is bypassed", {}, { bypass: true }]])(
    "is not dialled when %s, neither from the list nor for a name",
    (_, whole, own) => {
      const config = { ...configWith([{ candidates: [a, b], host: WEB, ...own }]), ...whole, ...lists([a.host, c.host]) }
      const toy = new Simulation(config, { otherwise: 20 }).names(WEB, [c.host, a.host]).start().run(1_000)
      toy.client(1_000).run(5_000)
      const { tried, candidate } = accepted(toy)
      expect(tried.map(({ host, outcome }) => [host, outcome])).toEqual([
        [c.host, "denied"],
        [a.host, "denied"],
        [undefined, "connected"]
      ])
      expect(find(toy.state, candidate)!.host).toBe(b.host)
      const told = () => refusals(toy).filter(({ source }) => source === "last-resort")
      expect(told()).toMatchObject([{ count: 2, refused: [{ host: c.host }, { host: a.host }] }])
      toy.client(1_000).run(5_000)
      expect(told()).toHaveLength(1)
      toy.names(WEB, [c.host, "198.18.7.7"]).client(1_000).run(5_000)
      expect(told()).toHaveLength(1)
    }
  )
})
