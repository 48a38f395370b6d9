/** An operator's orders to a running service, and the last resort, over real sockets; each record must replay. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Server } from "node:net"
import type { Config } from "../../src/core/model/Config.ts"
import type { Fact } from "../../src/core/model/Decision.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import { arrange } from "../../src/core/arrange.ts"
import { Replay } from "../../src/record/replay.ts"
import { ResolveError } from "../../src/plane/ports/errors.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { statusOf } from "../../src/shell/status.ts"
import { upstreamTarget } from "../../src/plane/Target.ts"
import { answersOf } from "../support/answers.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { configWith } from "../support/config.ts"
import { dnsServer } from "../support/dnsServer.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import { ask, named, serve, until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const at = ({ port }: { readonly port: number }, host = "127.0.0.1") => ({ host, port })
const serving = (name: string) =>
  Effect.acquireRelease(Effect.promise(() => named(name)), (server) => Effect.promise(() => server.stop()))
const dead = Effect.map(
  Effect.promise(async () => {
    const server = await serve(() => {})
    await server.stop()
    return server
  }),
  ({ port }) => port
)
const knows = (addresses: ReadonlyArray<string>) =>
  Layer.succeed(
    Resolver,
    Resolver.of({
      resolve: (host) =>
        addresses.length > 0
          ? Effect.succeed(answersOf(addresses))
          : Effect.fail(new ResolveError({ host, code: "ENOTFOUND" }))
    })
  )
const stateOf = ({ engine }: Live, upstream = 0) => engine.routesUnsafe().upstreams[upstream]?.state
const isIn = (live: Live, state: string, upstream = 0) =>
  until(`${upstream} is ${state}`, () => stateOf(live, upstream) === state)
const reload = ({ engine }: Live, next: Config) =>
  engine.controlUnsafe({ _tag: "ConfigChanged", worker: 0, config: arrange(engine.stateUnsafe().config, next) })

/** Checks that the record replays; gives its accepted clients and its ladder steps. */
function told(segments: ReadonlyArray<string>) {
  const clients: Array<ClientAccepted> = []
  const facts: Array<Fact> = []
  const verdict = replayText(
    segments,
    new Replay({
      onEntry: ({ event }, _state, decisions) => {
        if (event._tag === "ClientAccepted") clients.push(event)
        for (const one of decisions) if (one._tag === "LadderStepped" || one._tag === "EnabledChanged") facts.push(one)
      }
    })
  )
  assert.deepStrictEqual([verdict.outcome, verdict.problem], ["verified", null])
  const steps = facts.flatMap((fact) => fact._tag === "LadderStepped" ? [`${fact.from} > ${fact.to}`] : [])
  return { clients, steps }
}

const COLD: UpstreamChanges = { pool: { mode: "off" } }

describe("an operator", () => {
  it.live("turns Fairlead off and on, and clients are served throughout", () =>
    Effect.gen(function* () {
      const server = yield* serving("one")
      const config = configWith([{ candidates: [at(server)] }])
      const { segments } = yield* withLive(config, (live) =>
        Effect.promise(async () => {
          const { engine, acceptor, port, recorder } = live
          const status = () => {
            const [listeners, record] = [acceptor.statusUnsafe(), recorder.statusUnsafe()]
            const seen = { state: engine.stateUnsafe(), nowUs: 0, restarts: 0, listeners, record, names: engine.names }
            return statusOf(seen, { addresses: "redacted", candidates: 10 })
          }
          await isIn(live, "active")
          await until("a warm socket waits", () => acceptor.warmPool.size > 0)
          engine.controlUnsafe({ _tag: "EnabledOverridden", worker: 0, enabled: false })
          await isIn(live, "disabled")
          await until("no warm socket waits", () => acceptor.warmPool.size === 0)
          assert.deepInclude(status(), { enabled: false, override: false })
          assert.strictEqual(await ask(port), "one")
          engine.controlUnsafe({ _tag: "EnabledOverridden", worker: 0, enabled: true })
          await isIn(live, "active")
          assert.strictEqual(await ask(port), "one")
          assert.deepInclude(status(), { enabled: true, override: true })
        }))
      const { clients, steps } = told(segments)
      assert.deepStrictEqual(clients.map(({ chosen }) => chosen === "none"), [true, false])
      assert.deepStrictEqual(steps, ["unranked > active", "active > disabled", "disabled > stale", "stale > active"])
    }))

  it.live("reloads with another candidate: the open session continues, and new clients reach the new one", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* serving("one"), yield* serving("two")]
      const config = (server: { readonly port: number }) => configWith([{ candidates: [at(server)], ...COLD }])
      const { segments } = yield* withLive(config(one), (live) =>
        Effect.promise(async () => {
          await isIn(live, "active")
          const session = await connect(live.port)
          await until("it is served", () => live.acceptor.counts.candidates === 1)
          reload(live, config(two))
          await until("the other one serves", () => {
            return live.engine.routesUnsafe().upstreams[0]?.members[0]?.plan.attempts[0]?.port === two.port
          })
          assert.strictEqual(await ask(live.port), "two")
          session.socket.write("?")
          await until("the old one answers", () => session.text() === "one")
          session.socket.end()
        }))
      told(segments)
    }))

  it.live("changes listeners: new ones bind, removed ones refuse clients, sessions and other listeners stay", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* serving("one"), yield* serving("two")]
      const config = configWith([{ candidates: [at(one)], ...COLD }, { name: "api", candidates: [at(two)], ...COLD }])
      yield* withLive(config, (live) =>
        Effect.gen(function* () {
          const { acceptor, port } = live
          const listener = {
            name: "web",
            listen: { host: "127.0.0.1", port: 0 },
            target: upstreamTarget("web"),
            maxConnections: 9,
            backlog: 9
          }
          yield* Effect.promise(() => isIn(live, "active", 1))
          const session = yield* Effect.promise(() => connect(port))
          yield* Effect.promise(() => until("it is served", () => acceptor.counts.candidates === 1))
          // The listener keeps its socket for another upstream, and a second listener is added.
          yield* acceptor.rebind([{ ...listener, target: upstreamTarget("api") }, { ...listener, name: "more" }])
          const [web, more] = acceptor.statusUnsafe()
          assert.strictEqual(web?.listen.port, port)
          assert.strictEqual(yield* Effect.promise(() => ask(port)), "two")
          assert.strictEqual(yield* Effect.promise(() => ask(more!.listen.port)), "one")
          // One listener cannot bind: nothing changes, and the other new listener is not added.
          const taken = { ...listener, name: "taken", listen: { host: "127.0.0.1", port: one.port } }
          const failed = yield* Effect.flip(acceptor.rebind([{ ...listener, name: "third" }, taken]))
          assert.deepInclude(failed, { _tag: "BindError", listener: "taken", code: "EADDRINUSE" })
          assert.deepStrictEqual(acceptor.statusUnsafe().map(({ name }) => name), ["web", "more"])
          assert.strictEqual(yield* Effect.promise(() => ask(port)), "two")
          // The listener is removed: it refuses clients, but its session continues.
          yield* acceptor.rebind([{ ...listener, name: "more" }])
          assert.match(String(yield* Effect.promise(() => ask(port).catch((error: unknown) => error))), /ECONNREFUSED/)
          assert.strictEqual(yield* Effect.promise(() => ask(more!.listen.port)), "one")
          session.socket.write("?")
          yield* Effect.promise(() => until("the session goes on", () => session.text() === "one"))
          session.socket.end()
        }))
    }))

  it.live("adds a listener before its upstream: the client waits and is served once the upstream is there", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* serving("one"), yield* serving("two")]
      const web = { candidates: [at(one)], ...COLD }
      yield* withLive(configWith([web]), (live) =>
        Effect.gen(function* () {
          yield* Effect.promise(() => isIn(live, "active"))
          const listen = { host: "127.0.0.1", port: 0 }
          yield* live.acceptor.rebind([{
            name: "api",
            listen,
            target: upstreamTarget("api"),
            maxConnections: 9,
            backlog: 9
          }])
          const answer = ask(live.acceptor.statusUnsafe()[0]!.listen.port)
          yield* Effect.promise(() => until("it waits", () => live.acceptor.statusUnsafe()[0]?.waiting === 1))
          reload(live, configWith([{ name: "api", candidates: [at(two)], ...COLD }, web]))
          assert.strictEqual(yield* Effect.promise(() => answer), "two")
        }))
    }))

  it.live("raises maxConnections of a bound listener, and its waiting clients are served at once", () =>
    Effect.gen(function* () {
      const server = yield* serving("one")
      const config = configWith([{ candidates: [at(server)], ...COLD }])
      yield* withLive(
        config,
        ({ acceptor, port }) =>
          Effect.gen(function* () {
            const clients = yield* Effect.promise(() => Promise.all([connect(port), connect(port), connect(port)]))
            yield* Effect.promise(() => until("one is served", () => acceptor.statusUnsafe()[0]?.waiting === 2))
            const listen = { host: "127.0.0.1", port: 0 }
            yield* acceptor.rebind([{ name: "web", listen, target: upstreamTarget("web"), maxConnections: 3, backlog: 9 }])
            assert.deepInclude(acceptor.statusUnsafe()[0], { waiting: 0, connections: 3 })
            for (const { socket } of clients) socket.end("?")
          }),
        {},
        1
      )
    }))
})

describe("the last resort, with all candidates dead,", () => {
  /** The candidate is on 127.0.0.2, which refuses; the name and the fallback list have other addresses. */
  const config = (port: number, changes: UpstreamChanges) =>
    configWith([{ candidates: [{ host: "127.0.0.2", port }], port, probing: { intervalMs: 100 }, ...COLD, ...changes }])

  it.live("dials the addresses of the host, resolved when the client connects", () =>
    Effect.gen(function* () {
      const server = yield* serving("by name")
      const { segments } = yield* withLive(
        config(server.port, { host: "web.example", bypass: true }),
        (live) =>
          Effect.promise(async () => {
            await isIn(live, "disabled")
            assert.strictEqual(await ask(live.port), "by name")
          }),
        {},
        undefined,
        knows(["127.0.0.3", "127.0.0.1"])
      )
      const [client] = told(segments).clients
      assert.deepInclude(client, { candidate: "system", chosen: "none" })
      assert.deepStrictEqual(client?.tried.map(({ host, outcome }) => `${host} ${outcome}`), [
        "127.0.0.3 refused",
        "127.0.0.1 connected"
      ])
    }))

  it.live("dials the address that a configured DNS server gives for the host", () =>
    Effect.gen(function* () {
      const server = yield* serving("by DNS")
      const dns = yield* dnsServer({ "web.example": ["127.0.0.1"] })
      const servers = [`127.0.0.1:${dns.port}`]
      const { segments } = yield* withLive(
        { ...config(server.port, { host: "web.example", dns: { servers } as never }), enabled: false },
        (live) =>
          Effect.promise(async () => {
            await isIn(live, "disabled")
            assert.strictEqual(dns.asked(), 0)
            assert.strictEqual(await ask(live.port), "by DNS")
            assert.isAbove(dns.asked(), 0)
          })
      )
      assert.deepInclude(told(segments).clients[0], { candidate: "system" })
    }))

  it.live("dials the fallback list, until a candidate answers again and serves", () =>
    Effect.gen(function* () {
      const spare = yield* serving("spare")
      const port = yield* dead
      const breaker = { failureThreshold: 2, cooldownMs: 200, maxCooldownMs: 200, rampMs: 0 }
      const changes = { fallback: [at(spare)], breaker }
      const { segments } = yield* withLive(config(port, changes), (live) =>
        Effect.promise(async () => {
          await isIn(live, "fallback")
          assert.strictEqual(await ask(live.port), "spare")
          const back = await new Promise<Server>((resolve) => {
            void import("node:net").then((net) => {
              const server = net.createServer((socket) => void socket.once("data", () => socket.end("back")))
              server.listen(port, "127.0.0.2", () => resolve(server))
            })
          })
          await isIn(live, "active")
          assert.strictEqual(await ask(live.port), "back")
          back.close()
        }))
      assert.deepStrictEqual(told(segments).steps.at(-1), "fallback > active")
    }))

  it.live("without a host dials the candidates in list order, and resets a client when all of them refuse", () =>
    Effect.gen(function* () {
      const port = yield* dead
      const server = yield* serving("last")
      const candidates = [{ host: "127.0.0.2", port }, { host: "127.0.0.2", port: server.port }, at(server)]
      const { segments } = yield* withLive(
        {
          ...configWith([{ candidates, ...COLD }, { name: "none", candidates: [{ host: "127.0.0.2", port }], ...COLD }]),
          enabled: false
        },
        (live) =>
          Effect.gen(function* () {
            assert.strictEqual(yield* Effect.promise(() => ask(live.port)), "last")
            const listen = { host: "127.0.0.1", port: 0 }
            yield* live.acceptor.rebind([{
              name: "none",
              listen,
              target: upstreamTarget("none"),
              maxConnections: 9,
              backlog: 9
            }])
            const reset = yield* Effect.promise(() => {
              return ask(live.acceptor.statusUnsafe()[0]!.listen.port).catch((error: unknown) => error)
            })
            assert.match(String(reset), /ECONNRESET/)
          })
      )
      const [first, second] = told(segments).clients
      assert.deepStrictEqual(first?.tried.map(({ outcome }) => outcome), ["refused", "refused", "connected"])
      assert.deepInclude(second, { candidate: "none" })
    }))
})
