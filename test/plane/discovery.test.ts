/** Clients that wait for a discovery: one request for all of them, and each wait has a limit. */
import { assert, beforeEach, describe, it } from "vitest"
import type { Event } from "../../src/core/model/Event.ts"
import type { Routes, UpstreamRoutes } from "../../src/core/model/Routes.ts"
import { Discovery } from "../../src/plane/Discovery.ts"
import { hostTarget, upstreamTarget } from "../../src/plane/Target.ts"
import { Targets } from "../../src/plane/Targets.ts"
import type { ControlPort } from "../../src/plane/ports/ControlPort.ts"
import { onDemandDefaults, upstreamDefaults } from "../support/config.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

const plan = { attempts: [], deadlineMs: 1_000 }
const upstream = (id: number, domain: string, needsDiscovery: boolean, name = "on-demand"): UpstreamRoutes => ({
  ...{
    id,
    name,
    domain,
    needsDiscovery,
    reuseWithinMs: 4_000,
    state: "system",
    members: [],
    policy: "random",
    toleranceMs: 0,
    tolerancePercent: 0,
    affinity: "none"
  },
  ...{ lastResort: plan, session: upstreamDefaults.session, silentAfterMs: 100 }
})

class World {
  readonly sim = new SimTransport(() => ({ afterMs: 0, result: "never" }))
  readonly posted: Array<Event> = []
  readonly found: Array<number | undefined> = []
  readonly domains: Discovery
  room = true
  enabled = true
  #routes: Routes = { version: 0, upstreams: [] }
  #published: (routes: Routes) => void = () => {}

  constructor() {
    const control: Partial<ControlPort["Service"]> = {
      reserveUnsafe: () => this.room,
      postUnsafe: (event) => void this.posted.push(event),
      routesUnsafe: () => this.#routes,
      watchRoutesUnsafe: (published) => void (this.#published = published),
      discoveryUnsafe: () => ({ ...onDemandDefaults, enabled: this.enabled })
    }
    const port = control as ControlPort["Service"]
    this.domains = new Discovery(port, this.sim.service, new Targets(this.#routes))
  }

  publish(...upstreams: ReadonlyArray<UpstreamRoutes>): void {
    this.#routes = { version: this.#routes.version + 1, upstreams }
    this.#published(this.#routes)
    this.sim.advance(0)
  }

  find(host: string, port = 443) {
    return this.domains.find(hostTarget(host, port), (id) => this.found.push(id))
  }

  findUpstream(name: string) {
    return this.domains.find(upstreamTarget(name), (id) => this.found.push(id))
  }
}

describe("discovery", () => {
  let world = new World()
  beforeEach(() => {
    world = new World()
  })

  it("makes one request for all clients of a name, in any spelling, and releases them once it is served", () => {
    for (const host of ["a.example", "A.Example", "a.example."]) world.find(host)
    assert.deepStrictEqual(world.posted, [
      { _tag: "DomainRequested", worker: 0, upstream: "none", host: "a.example", port: 443 }
    ])
    world.publish(upstream(0, "a.example:443", true))
    assert.deepStrictEqual(world.found, [])
    world.publish(upstream(0, "a.example:443", false))
    assert.deepStrictEqual(world.found, [0, 0, 0])
    assert.deepStrictEqual([world.domains.waiting, world.sim.pendingTimers], [0, 0])
  })

  it("makes no request for a name that is already known, and answers at once", () => {
    world.publish(upstream(0, "", false, "web"), upstream(1, "[2001:db8::1]:8443", false))
    world.find("2001:DB8::1", 8443)
    world.findUpstream("web")
    assert.deepStrictEqual([world.found, world.posted], [[1, 0], []])
  })

  it("releases a client after singleFlightTimeout, with the upstream of the name if there is one", () => {
    world.find("a.example")
    world.publish(upstream(0, "a.example:443", true))
    world.sim.advance(onDemandDefaults.singleFlightTimeoutMs - 1)
    assert.deepStrictEqual(world.found, [])
    world.sim.advance(2)
    assert.deepStrictEqual(world.found, [0])
    world.find("b.example")
    world.sim.advance(onDemandDefaults.singleFlightTimeoutMs + 1)
    assert.deepStrictEqual(world.found, [0, undefined])
  })

  it("forgets clients that leave, and makes a new request for one that comes after the last", () => {
    const cancels = [world.find("a.example"), world.find("a.example")]
    for (const cancel of cancels) cancel()
    assert.deepStrictEqual([world.domains.waiting, world.sim.pendingTimers], [0, 0])
    world.find("a.example")
    assert.strictEqual(world.posted.length, 2)
    world.publish(upstream(0, "a.example:443", false))
    assert.deepStrictEqual(world.found, [0])
  })

  it("never releases a client that left before its limit", () => {
    const cancel = world.find("a.example")
    const other = new World()
    other.find("a.example")
    world.publish(upstream(0, "a.example:443", true))
    world.sim.advance(onDemandDefaults.singleFlightTimeoutMs - 1)
    cancel()
    world.sim.advance(10)
    assert.deepStrictEqual(world.found, [])
  })

  it("never gives a client another upstream that took over the slot", () => {
    world.publish(upstream(0, "a.example:443", true))
    world.find("a.example")
    assert.deepInclude(world.posted[0], { upstream: 0, host: "" })
    world.publish(upstream(0, "b.example:443", false))
    assert.deepStrictEqual(world.found, [undefined])
  })

  it("makes no request for the name of an upstream that the routes do not have", () => {
    world.publish(upstream(0, "a.example:443", false, "one"))
    world.findUpstream("two")
    assert.deepStrictEqual([world.found, world.posted], [[undefined], []])
  })

  it("makes separate requests for two upstreams with the same host and port", () => {
    world.publish(upstream(0, "a.example:443", true, "one"), upstream(1, "a.example:443", true, "two"))
    world.findUpstream("one")
    world.findUpstream("two")
    assert.deepStrictEqual(world.posted.map((event) => "upstream" in event && event.upstream), [0, 1])
    world.publish(upstream(0, "a.example:443", true, "one"), upstream(1, "a.example:443", false, "two"))
    assert.deepStrictEqual(world.found, [1])
  })

  it("answers at once when it is off, the name is invalid or the mailbox has no permit", () => {
    world.enabled = false
    world.find("a.example")
    world.enabled = true
    for (const host of ["", "a b", "a/b", `${"a".repeat(300)}.example`, "[::1]"]) world.find(host)
    world.room = false
    world.find("a.example")
    assert.deepStrictEqual([world.found, world.posted], [Array(7).fill(undefined), []])
    world.publish(upstream(0, "", true, "web"))
    world.findUpstream("web")
    assert.strictEqual(world.found.at(-1), 0)
  })
})
