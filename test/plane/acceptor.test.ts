/** When a client is served, waits or is reset. There are no sockets; the control plane is a mailbox that the test empties. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import type { Event } from "../../src/core/model/Event.ts"
import type { Routes } from "../../src/core/model/Routes.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import { Mailbox } from "../../src/shell/Mailbox.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { hostTarget, upstreamTarget } from "../../src/plane/Target.ts"
import { ControlPort } from "../../src/plane/ports/ControlPort.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { answersOf } from "../support/answers.ts"
import { onDemandDefaults, upstreamDefaults } from "../support/config.ts"
import type { Fate } from "../../src/sim/Fate.ts"
import { SimSocket } from "../../src/sim/SimSocket.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

const plan = {
  attempts: [{ candidate: 7, host: "h", port: 1, startAfterMs: 0, timeoutMs: 1_000, suspectAfterMs: 60_000 }],
  deadlineMs: 5_000
}
const routes: Routes = {
  version: 1,
  upstreams: [{
    id: 0,
    name: "web",
    state: "active",
    members: [{ candidate: 7, warmMs: 1, dialMs: 2, slowStartWeight: 1, plan }],
    policy: "leastConnections",
    silentAfterMs: 60_000,
    domain: "",
    needsDiscovery: false,
    reuseWithinMs: 4_000,
    toleranceMs: 5,
    affinity: "none",
    tolerancePercent: 10,
    lastResort: plan,
    session: upstreamDefaults.session
  }]
}

const resolver = Resolver.of({ resolve: () => Effect.succeed(answersOf([])) })

interface World {
  readonly sim: SimTransport
  readonly mailbox: Mailbox
  readonly acceptor: Acceptor["Service"]
  /** Empties the mailbox, as a turn of the engine does. */
  readonly turn: () => ReadonlyArray<Event>
  /** Publishes the current routes. */
  readonly publish: () => void
}

const asking: Routes = { version: 1, upstreams: [{ ...routes.upstreams[0]!, needsDiscovery: true }] }

const world = <A>(
  limits: {
    readonly maxConnections?: number
    readonly backlog?: number
    readonly mailbox?: number
    readonly dial?: Fate
  },
  use: (world: World) => Effect.Effect<A>,
  published = () => routes
) =>
  Effect.gen(function* () {
    const { maxConnections = 1_000, backlog = 1_000, mailbox: places = 10_000, dial } = limits
    const sim = new SimTransport(() => dial ?? { afterMs: 0, result: "connected" })
    const mailbox = new Mailbox(places, 0)
    let tell: (routes: Routes) => void = () => {}
    const control = ControlPort.of({
      resolver,
      routesUnsafe: () => published(),
      watchRoutesUnsafe: (told) => void (tell = told),
      reserveUnsafe: (count) => mailbox.reserve(count),
      releaseUnsafe: (count) => mailbox.release(count),
      postUnsafe: (event) => mailbox.post(0, event),
      labelUnsafe: (_upstream, candidate) => `#${candidate}`,
      discoveryUnsafe: () => onDemandDefaults,
      epochUs: 0,
      nowUs: () => sim.service.nowUs()
    })
    const listener = {
      name: "web",
      listen: { host: "127.0.0.1", port: 1 },
      target: upstreamTarget("web"),
      maxConnections,
      backlog
    }
    const layer = Acceptor.layer([listener]).pipe(
      Layer.provide(Layer.merge(Layer.succeed(ControlPort, control), Plane.layer)),
      Layer.provide(Layer.succeed(Transport, sim.service))
    )
    const turn = () => {
      const events: Array<Event> = []
      for (let entry = mailbox.take(); entry !== undefined; entry = mailbox.take()) events.push(entry.event)
      return events
    }
    return yield* Effect.gen(function* () {
      return yield* use({ sim, mailbox, acceptor: yield* Acceptor, turn, publish: () => tell(published()) })
    }).pipe(Effect.provide(layer), Effect.scoped)
  })

/** Lets woken fibers run. */
const settle = Effect.repeat(Effect.yieldNow, { times: 20 })

const arriveAll = (sim: SimTransport, count: number) =>
  Array.from({ length: count }, (_, i) => sim.arrive("web", `client ${i + 1}`))

describe("the acceptor", () => {
  it.effect("queues clients above maxConnections and serves them in order of arrival", () =>
    world({ maxConnections: 2 }, ({ sim, acceptor }) =>
      Effect.gen(function* () {
        arriveAll(sim, 5)
        sim.advance(1)
        const served = () => sim.relays.map(({ client }) => client.name)
        assert.deepStrictEqual(served(), ["client 1", "client 2"])
        assert.deepInclude(acceptor.statusUnsafe()[0], { connections: 2, waiting: 3, accepted: 2, refused: 0 })
        for (const next of [2, 1, 3]) {
          sim.relays[next - 1]?.end()
          yield* settle
          sim.advance(1)
        }
        assert.deepStrictEqual(served(), ["client 1", "client 2", "client 3", "client 4", "client 5"])
        assert.deepInclude(acceptor.statusUnsafe()[0], { connections: 2, waiting: 0, accepted: 5, refused: 0 })
      })))

  it.effect("resets a client that arrives while backlog clients already wait", () =>
    world({ maxConnections: 1, backlog: 2 }, ({ sim, acceptor }) =>
      Effect.sync(() => {
        const clients = arriveAll(sim, 5)
        assert.deepStrictEqual(clients.map(({ state }) => state), ["open", "open", "open", "reset", "reset"])
        assert.deepInclude(acceptor.statusUnsafe()[0], { connections: 1, waiting: 2, refused: 2 })
      })))

  it.effect("queues clients while the mailbox cannot grant two permits to each, and serves all of them later", () =>
    world({ mailbox: 4 }, ({ sim, mailbox, turn }) =>
      Effect.gen(function* () {
        const clients = arriveAll(sim, 9)
        const seen: Array<number> = []
        for (let rounds = 0; rounds < 20 && seen.length < 18; rounds++) {
          sim.advance(2)
          assert.isAtMost(mailbox.used, 4)
          for (const relay of sim.relays) relay.end()
          yield* settle
          for (const event of turn()) if ("session" in event) seen.push(event.session)
        }
        assert.deepStrictEqual(sim.relays.map(({ client }) => client), clients)
        assert.deepStrictEqual(seen.toSorted((a, b) => a - b), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9])
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers], [0, 0])
      })))

  it.effect("serves a waiting client once a full mailbox has free permits, even if no session is open", () =>
    world({ mailbox: 3 }, ({ sim, mailbox }) =>
      Effect.sync(() => {
        mailbox.reserve(2)
        arriveAll(sim, 2)
        sim.advance(50)
        assert.strictEqual(sim.relays.length, 0)
        mailbox.release(2)
        sim.advance(2)
        assert.deepStrictEqual(sim.relays.map(({ client }) => client.name), ["client 1"])
      })))

  it.effect("requests one discovery for all clients that wait for it, and serves them once routes are there", () => {
    let now = asking
    return world({}, ({ sim, mailbox, turn, publish }) =>
      Effect.gen(function* () {
        arriveAll(sim, 3)
        sim.advance(1)
        assert.deepStrictEqual(turn(), [{ _tag: "DomainRequested", worker: 0, upstream: 0, host: "", port: 0 }])
        assert.strictEqual(sim.relays.length, 0)
        now = routes
        publish()
        sim.advance(1)
        assert.strictEqual(sim.relays.length, 3)
        for (const relay of sim.relays) relay.end()
        yield* settle
        assert.strictEqual(turn().length, 6)
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers], [0, 0])
      }), () => now)
  })

  it.effect("serves a client by the last resort when discovery takes too long, and requests no second one", () =>
    world({}, ({ sim, turn }) =>
      Effect.sync(() => {
        arriveAll(sim, 1)
        sim.advance(9_999)
        assert.strictEqual(sim.relays.length, 0)
        sim.advance(2)
        assert.strictEqual(sim.relays.length, 1)
        assert.deepStrictEqual(turn().map(({ _tag }) => _tag), ["DomainRequested", "ClientAccepted"])
      }), () => asking))

  it.effect("resets clients that wait for discovery when it drains, and returns their permits", () =>
    world({}, ({ sim, mailbox, acceptor, turn }) =>
      Effect.gen(function* () {
        const clients = arriveAll(sim, 2)
        sim.advance(1)
        assert.strictEqual(yield* acceptor.drain(0), 2)
        assert.deepStrictEqual(clients.map(({ state }) => state), ["reset", "reset"])
        assert.strictEqual(turn().length, 1)
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers, acceptor.discovery.waiting], [0, 0, 0])
      }), () => asking))

  it.effect("resets a client when all its dials fail, and lets the next waiting client in", () =>
    world(
      { maxConnections: 1, dial: { afterMs: 5, result: "refused" } },
      ({ sim, mailbox, acceptor, turn }) =>
        Effect.gen(function* () {
          const clients = arriveAll(sim, 3)
          for (let i = 0; i < 3; i++) {
            sim.advance(5)
            yield* settle
          }
          assert.deepStrictEqual(clients.map(({ state }) => state), ["reset", "reset", "reset"])
          const events = turn()
          assert.deepStrictEqual(events.map(({ _tag }) => _tag), ["ClientAccepted", "ClientAccepted", "ClientAccepted"])
          assert.isTrue(events.every((event) => event._tag === "ClientAccepted" && event.candidate === "none"))
          assert.deepStrictEqual([mailbox.used, acceptor.counts.candidates], [0, 0])
        })
    ))

  it.effect("queues clients, without permits, until their upstream has routes", () => {
    let published: Routes = { version: 0, upstreams: [] }
    return world({}, ({ sim, mailbox, acceptor, publish }) =>
      Effect.sync(() => {
        const clients = arriveAll(sim, 3)
        sim.advance(5)
        assert.deepStrictEqual(clients.map(({ state }) => state), ["open", "open", "open"])
        assert.deepStrictEqual([mailbox.used, acceptor.statusUnsafe()[0]?.waiting], [0, 3])
        // A slot without a name is not an upstream.
        published = { version: 1, upstreams: [{ ...routes.upstreams[0]!, name: "" }] }
        publish()
        sim.advance(5)
        assert.strictEqual(sim.relays.length, 0)
        published = routes
        publish()
        sim.advance(5)
        assert.deepStrictEqual(sim.relays.map(({ client }) => client.name), ["client 1", "client 2", "client 3"])
      }), () => published)
  })

  it.effect("serves each client by the upstream of the listener's name, whatever slot that has when the client comes", () => {
    const [web] = routes.upstreams
    const at = (version: number, ...names: ReadonlyArray<string>): Routes => ({
      version,
      upstreams: names.map((name, id) => ({ ...web!, id, name }))
    })
    let published = at(1, "web", "other")
    return world({}, ({ sim, turn, publish }) =>
      Effect.sync(() => {
        const slots: Array<number> = []
        for (const next of [at(2, "other", "web"), at(3, "", "other", "web"), at(4, "web")]) {
          arriveAll(sim, 1)
          sim.advance(1)
          slots.push(...turn().flatMap((event) => event._tag === "ClientAccepted" ? [event.upstream] : []))
          published = next
          publish()
        }
        assert.deepStrictEqual(slots, [0, 1, 2])
      }), () => published)
  })

  it.effect("counts a client at the chosen candidate while it dials and at the serving one while it relays", () =>
    world({ dial: { afterMs: 5, result: "connected" } }, ({ sim, acceptor }) =>
      Effect.gen(function* () {
        arriveAll(sim, 3)
        assert.strictEqual(acceptor.counts.of(7), 3)
        sim.advance(5)
        assert.strictEqual(acceptor.counts.of(7), 3)
        sim.relays[0]?.end("client-reset")
        sim.relays[1]?.end()
        yield* settle
        assert.deepStrictEqual([acceptor.counts.of(7), acceptor.counts.candidates], [1, 1])
      })))

  it.effect("drains: resets new and waiting clients, lets sessions end, and resets the rest at the time limit", () =>
    world({ maxConnections: 2 }, ({ sim, acceptor, mailbox, turn }) =>
      Effect.gen(function* () {
        const clients = arriveAll(sim, 3)
        sim.advance(1)
        const draining = yield* Effect.forkChild(acceptor.drain(1_000))
        yield* settle
        assert.deepStrictEqual(clients.map(({ state }) => state), ["open", "open", "reset"])
        assert.strictEqual(sim.arrive("web", "late").state, "reset")
        sim.relays[0]?.end()
        yield* TestClock.adjust(999)
        assert.deepStrictEqual(clients.map(({ state }) => state), ["open", "open", "reset"])
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* Fiber.join(draining), 1)
        assert.deepStrictEqual(clients.map(({ state }) => state), ["open", "reset", "reset"])
        const causes = turn().flatMap((event) => (event._tag === "ClientClosed" ? [event.cause] : []))
        assert.deepStrictEqual(causes, ["done", "stopped"])
        assert.deepStrictEqual([acceptor.counts.candidates, mailbox.used], [0, 0])
      })))

  it.effect("ends a drain at once when no session is open, and else when the last session ends", () =>
    world({}, ({ sim, acceptor }) =>
      Effect.gen(function* () {
        arriveAll(sim, 1)
        sim.advance(1)
        const draining = yield* Effect.forkChild(acceptor.drain(60_000))
        yield* settle
        sim.relays[0]?.end()
        assert.strictEqual(yield* Fiber.join(draining), 0)
        assert.strictEqual(yield* acceptor.drain(60_000), 0)
      })))

  it.effect("cancels the dials of connecting clients when it drains, and returns their permits", () =>
    world({ dial: { afterMs: 0, result: "never" } }, ({ sim, acceptor, mailbox }) =>
      Effect.gen(function* () {
        const clients = arriveAll(sim, 2)
        assert.strictEqual(yield* acceptor.drain(0), 2)
        assert.deepStrictEqual(clients.map(({ state }) => state), ["reset", "reset"])
        assert.deepStrictEqual(sim.log.slice(2), ["0 cancel h:1", "0 cancel h:1"])
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers, acceptor.counts.candidates], [0, 0, 0])
      })))

  it.effect("resets all clients, waiting ones included, when its scope closes without a drain", () =>
    Effect.gen(function* () {
      const clients = yield* world({ maxConnections: 1 }, ({ sim }) =>
        Effect.sync(() => {
          const clients = arriveAll(sim, 3)
          sim.advance(1)
          return clients
        }))
      assert.deepStrictEqual(clients.map(({ state }) => state), ["reset", "reset", "reset"])
    }))
})

describe("a client of this program", () => {
  const found: Routes = { version: 2, upstreams: [{ ...routes.upstreams[0]!, name: "on-demand", domain: "a.example:443" }] }

  it.effect("with a host that is not configured is served after one discovery, and a second one needs none", () => {
    let published: Routes = { version: 1, upstreams: [] }
    return world({}, ({ sim, mailbox, acceptor, turn, publish }) =>
      Effect.gen(function* () {
        const enter = (host: string) => acceptor.inside.enterUnsafe(new SimSocket(host), hostTarget(host, 443))
        assert.isDefined(enter("a.example"))
        assert.deepStrictEqual(turn(), [
          { _tag: "DomainRequested", worker: 0, upstream: "none", host: "a.example", port: 443 }
        ])
        published = found
        publish()
        sim.advance(1)
        assert.isDefined(enter("A.example."))
        sim.advance(1)
        assert.deepStrictEqual(sim.relays.map(({ client }) => client.name), ["a.example", "A.example."])
        for (const relay of sim.relays) relay.end()
        yield* settle
        assert.deepStrictEqual(turn().map(({ _tag }) => _tag).toSorted(), [
          "ClientAccepted",
          "ClientAccepted",
          "ClientClosed",
          "ClientClosed"
        ])
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers], [0, 0])
      }), () => published)
  })

  it.effect("with a host that no discovery finds leaves without a dial, and returns its permits", () =>
    world({}, ({ sim, mailbox, acceptor, turn }) =>
      Effect.sync(() => {
        const client = new SimSocket("a.example")
        acceptor.inside.enterUnsafe(client, hostTarget("a.example", 443))
        sim.advance(onDemandDefaults.singleFlightTimeoutMs + 1)
        assert.strictEqual(client.state, "reset")
        assert.deepStrictEqual(turn().map(({ _tag }) => _tag), ["DomainRequested"])
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers, sim.relays.length], [0, 0, 0])
      }), () => ({ version: 1, upstreams: [] })))

  it.effect("that leaves while it waits ends the discovery, and returns its permits", () =>
    world({}, ({ sim, mailbox, acceptor, turn }) =>
      Effect.sync(() => {
        const leave = acceptor.inside.enterUnsafe(new SimSocket("a.example"), hostTarget("a.example", 443))
        turn()
        leave?.()
        assert.deepStrictEqual([mailbox.used, sim.pendingTimers, acceptor.discovery.waiting], [0, 0, 0])
      }), () => ({ version: 1, upstreams: [] })))

  it.effect("does not enter for an upstream that the routes do not have, nor without two permits", () =>
    world({ mailbox: 3 }, ({ mailbox, acceptor }) =>
      Effect.sync(() => {
        assert.isUndefined(acceptor.inside.enterUnsafe(new SimSocket("one"), upstreamTarget("gone")))
        mailbox.reserve(2)
        assert.isUndefined(acceptor.inside.enterUnsafe(new SimSocket("two"), upstreamTarget("web")))
        assert.strictEqual(mailbox.used, 2)
      })))
})
