/** A local outage in the shell: the interface watch, the engine, and what facts and status report. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { attached } from "../../src/adapters/node/NodeInterfaces.ts"
import * as NodeInterfaces from "../../src/adapters/node/NodeInterfaces.ts"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { Event } from "../../src/core/model/Event.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { tellDecision } from "../../src/shell/facts/factBodies.ts"
import * as InterfaceWatch from "../../src/shell/InterfaceWatch.ts"
import type { Attached } from "../../src/shell/Interfaces.ts"
import { Interfaces } from "../../src/shell/Interfaces.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { statusOf } from "../../src/shell/status.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { configWith } from "../support/config.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const at = (...hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))

/** Polls `see` every `everyMs` for a second, runs `between` after half of it, and gives the events that the core got. */
const watched = Effect.fnUntraced(function* (see: () => Attached | undefined, between: () => void, everyMs = 100) {
  const told: Array<Event> = []
  const engine = { controlUnsafe: (event: Event) => told.push(event) } as unknown as Engine["Service"]
  const layer = Layer.provide(
    InterfaceWatch.layer(everyMs),
    Layer.merge(Layer.succeed(Engine, engine), Layer.succeed(Interfaces, { attachedUnsafe: see }))
  )
  yield* Effect.gen(function* () {
    yield* Effect.yieldNow
    yield* TestClock.adjust(500)
    between()
    yield* TestClock.adjust(500)
  }).pipe(Effect.provide(layer))
  return told.map((event) => event._tag === "InterfacesChanged" ? event.families.join(" ") : event._tag)
})

describe("the interface watch", () => {
  it.effect("reports the address families at start, and once after they change", () =>
    Effect.gen(function* () {
      let now: Attached = { families: ["ipv4"], print: "a" }
      const told = yield* watched(() => now, () => void (now = { families: [], print: "" }))
      assert.deepStrictEqual(told, ["ipv4", ""])
    }))

  it.effect("polls at the configured interval", () =>
    Effect.gen(function* () {
      const looks = Effect.fnUntraced(function* (everyMs: number) {
        let count = 0
        yield* watched(() => void count++, () => {}, everyMs)
        return count
      })
      assert.deepStrictEqual([yield* looks(100), yield* looks(400)], [11, 3])
    }))

  it.effect("reports another network with the same address families", () =>
    Effect.gen(function* () {
      let now: Attached = { families: ["ipv4"], print: "home" }
      const told = yield* watched(() => now, () => void (now = { families: ["ipv4"], print: "office" }))
      assert.deepStrictEqual(told, ["ipv4", "ipv4"])
    }))

  it.effect("reports nothing when the system does not list its interfaces", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* watched(() => undefined, () => {}), [])
    }))

  it("ignores loopback and link-local addresses", () => {
    const of = (address: string, internal = false) => ({
      ...{ address, internal, netmask: "", mac: "", cidr: null },
      ...(address.includes(":") ? { family: "IPv6" as const, scopeid: 0 } : { family: "IPv4" as const })
    })
    const lo = [of("127.0.0.1", true), of("::1", true)]
    assert.deepStrictEqual(attached({ lo, eth0: [of("fe80::1"), of("169.254.7.7")] }), { families: [], print: "" })
    assert.deepStrictEqual(attached({ lo, eth0: [of("fd00::2"), of("198.51.100.7")] }).families, ["ipv4", "ipv6"])
    assert.deepStrictEqual(attached({ lo, eth0: [of("198.51.100.7")] }, (name) => name === "eth0").families, [])
    assert.notStrictEqual(attached({ eth0: [of("198.51.100.7")] }).print, attached({ eth0: [of("198.51.100.8")] }).print)
  })

  it.effect("can list the interfaces of this machine on this runtime", () =>
    Effect.gen(function* () {
      const interfaces = yield* Interfaces
      assert.isDefined(interfaces.attachedUnsafe())
    }).pipe(Effect.provide(NodeInterfaces.layer)))
})

describe("a local outage in the engine", () => {
  it.effect("begins when all upstreams fall silent, keeps the routes, and ends with the first answer", () =>
    Effect.gen(function* () {
      let dark = false
      const transport = new SimTransport(() => dark ? { afterMs: 0, result: "never" } : { afterMs: 10, result: "connected" })
      const config = configWith([
        { name: "web", candidates: at("198.18.0.1", "198.18.0.2") },
        { name: "api", candidates: at("198.19.0.1") }
      ])
      const resolver = Layer.succeed(Resolver, Resolver.of({ resolve: () => Effect.never }))
      const options = { config, seed: 1, mailbox: 1_024, turnMs: 2, gatherMs: 0, restartDelayMs: 10 }
      const layer = Engine.layer(options).pipe(
        Layer.provideMerge(Plane.layer),
        Layer.provide(Layer.mergeAll(Layer.succeed(Transport, transport.service), resolver, NoRecorder.layer))
      )
      yield* Effect.gen(function* () {
        const engine = yield* Engine
        const { warmPool } = yield* Plane
        const pass = Effect.fnUntraced(function* (ms: number) {
          for (let i = 0; i < ms; i += 5) {
            transport.advance(5)
            yield* Effect.yieldNow
          }
        })
        yield* pass(15_000)
        const routes = JSON.stringify(engine.routesUnsafe().upstreams)
        assert.isNull(seen(engine).outage)
        dark = true
        yield* pass(20_000)
        assert.strictEqual(seen(engine).outage?.reason, "silence")
        assert.strictEqual(JSON.stringify(engine.routesUnsafe().upstreams), routes)
        assert.strictEqual(warmPool.size, 0)
        dark = false
        yield* pass(1_500)
        assert.isNull(seen(engine).outage)
        assert.isAbove(warmPool.size, 0)
      }).pipe(Effect.scoped, Effect.provide(layer))
    }))
})

function seen(engine: Engine["Service"]) {
  const record = { from: 0, to: 0, gaps: 0 } as never
  const looked = {
    state: engine.stateUnsafe(),
    nowUs: engine.nowUs(),
    restarts: 0,
    listeners: [],
    record,
    names: engine.names
  }
  return statusOf(looked, { addresses: "full", candidates: 9 })
}

describe("facts and status", () => {
  const told = (decision: Decision) => {
    const found: Array<unknown> = []
    tellDecision(new Simulation(configWith([])).state, decision, "full", (kind, build) => {
      found.push({ kind, ...build() })
    })
    return found
  }

  it("have one fact for each begin and end of a local outage and of auto-disable", () => {
    assert.deepStrictEqual(told({ _tag: "OutageBegan", reason: "silence" }), [
      { kind: "LocalOutage", upstream: null, began: true, reason: "silence", tookMs: null }
    ])
    assert.deepStrictEqual(told({ _tag: "OutageEnded", reason: "interfaces", tookUs: 61_000_400 }), [
      { kind: "LocalOutage", upstream: null, began: false, reason: "interfaces", tookMs: 61_000 }
    ])
    assert.deepStrictEqual(told({ _tag: "AutoDisabled", rounds: 5, forMs: 300_000 }), [
      { kind: "IpPoolAutoDisable", upstream: null, rounds: 5, forMs: 300_000 }
    ])
    assert.deepStrictEqual(told({ _tag: "AutoEnabled", reason: "cooldown" }), [
      { kind: "IpPoolAutoEnable", upstream: null, reason: "cooldown" }
    ])
  })

  it("show until when auto-disable lasts", () => {
    const toy = new Simulation(configWith([{ candidates: at("198.18.0.1") }])).set("198.18.0.1", 10).start().run(25_000)
    const status = () => {
      const record = { from: 0, to: 0, gaps: 0 } as never
      const names = { of: () => undefined }
      return statusOf({ state: toy.state, nowUs: toy.atUs, restarts: 0, listeners: [], record, names }, {
        addresses: "full",
        candidates: 9
      })
    }
    assert.deepInclude(status(), { enabled: true, override: null, autoDisabledUntil: null })
    toy.set("198.18.0.1", "refused").run(100_000)
    assert.deepInclude(status(), { enabled: false, override: null })
    assert.match(status().autoDisabledUntil ?? "", /^\d{4}-\d\d-\d\dT/)
  })
})
