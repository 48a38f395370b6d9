/** The slot of a target, by the name of an upstream or by host and port, as the routes change. */
import { assert, describe, it } from "vitest"
import type { Routes } from "../../src/core/model/Routes.ts"
import { hostTarget, upstreamTarget } from "../../src/plane/Target.ts"
import { Targets } from "../../src/plane/Targets.ts"
import { upstreamDefaults } from "../support/config.ts"

/** Each upstream as its name and its domain. */
const routesOf = (...upstreams: ReadonlyArray<readonly [name: string, domain: string]>): Routes => ({
  version: 1,
  upstreams: upstreams.map(([name, domain], id) => ({
    ...{ id, name, domain, needsDiscovery: false, state: "active", members: [], policy: "random", affinity: "none" },
    reuseWithinMs: 4_000,
    ...{ toleranceMs: 0, tolerancePercent: 0, lastResort: { attempts: [], deadlineMs: 1 }, silentAfterMs: 100 },
    session: upstreamDefaults.session
  }))
})

describe("a target", () => {
  it("that names an upstream has that upstream's slot, before and after a reload moves it", () => {
    const targets = new Targets(routesOf(["web", ""], ["api", ""]))
    assert.strictEqual(targets.slotOf(upstreamTarget("api")), 1)
    targets.update(routesOf(["api", ""], ["web", ""]))
    assert.deepStrictEqual(["api", "web", "gone"].map((name) => targets.slotOf(upstreamTarget(name))), [0, 1, undefined])
  })

  it("that names a host has the first slot with that host and port, in any spelling", () => {
    const targets = new Targets(
      routesOf(["one", "a.example:443"], ["two", "a.example:443"], ["on-demand", "[2001:db8::1]:80"])
    )
    assert.strictEqual(targets.slotOf(hostTarget("A.Example.", 443)), 0)
    assert.strictEqual(targets.slotOf(hostTarget("2001:DB8::1", 80)), 2)
    assert.isUndefined(targets.slotOf(hostTarget("a.example", 80)))
  })

  it("finds no free slot, and no host on demand by the name that all of these share", () => {
    const targets = new Targets(routesOf(["", ""], ["on-demand", "a.example:443"]))
    assert.isUndefined(targets.slotOf(upstreamTarget("")))
    assert.isUndefined(targets.slotOf(upstreamTarget("on-demand")))
    assert.isUndefined(targets.slotOf(hostTarget("", 0)))
  })
})
