/** Fairlead inside a program: connections, picks, reports, and their record. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Socket } from "node:net"
import * as path from "node:path"
import { text } from "node:stream/consumers"
import type { FairleadConfig, Selection } from "../../src/mod.ts"
import { ConfigError, ConnectError, Fairlead, UnknownUpstreamError } from "../../src/mod.ts"
import { command, inScratch } from "../support/command.ts"
import { serving } from "../support/relaying.ts"
import { ask, named, until } from "../support/servers.ts"

const quick = {
  probing: { interval: "100ms" },
  selector: { evaluationInterval: "20ms" }
} satisfies FairleadConfig

const local = (...ports: ReadonlyArray<number>) => ports.map((port) => `127.0.0.1:${port}`)

const serverOf = (name: string) =>
  Effect.acquireRelease(Effect.promise(() => named(name)), (server) => Effect.promise(() => server.stop()))

/** A port without a listener. */
const refusing = Effect.scoped(Effect.map(serving(() => {}), ({ port }) => port))

const selected = (upstream: string) =>
  Effect.gen(function* () {
    const { facts } = yield* Fairlead
    yield* Stream.runDrain(Stream.takeUntil(facts, (fact) => fact.kind === "SelectionMoved" && fact.upstream === upstream))
  })

const eventually = (what: string, holds: Effect.Effect<boolean>) =>
  Effect.promise(async () => {
    let done = false
    await until(what, () => {
      done = Effect.runSync(holds)
      return done
    })
  })

const candidatesOf = Effect.fnUntraced(function* (name: string) {
  const { upstreams } = yield* (yield* Fairlead).status
  return upstreams.find((upstream) => upstream.name === name)?.candidates ?? []
})

describe("Fairlead in a program", () => {
  it.live("connects to an upstream by name, and by host and port, once a warm socket waits", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("one")
      const config: FairleadConfig = {
        ...quick,
        onDemand: { enabled: false },
        upstreams: { web: { host: "localhost", port: server.port, candidates: local(server.port) } }
      }
      yield* Effect.gen(function* () {
        const fairlead = yield* Fairlead
        yield* selected("web")
        const context = yield* Effect.context<Fairlead>()
        yield* eventually(
          "a socket waits",
          Effect.provide(Effect.map(candidatesOf("web"), ([one]) => (one?.warm ?? 0) > 0), context)
        )
        const before = server.connections()
        const first = yield* fairlead.connect("web")
        assert.isAtLeast(first.bytesWritten, 0)
        assert.isAtLeast(before, 1)
        assert.strictEqual(yield* Effect.promise(() => text(first.end("?"))), "one")
        const second = yield* fairlead.connect("LOCALHOST", server.port)
        assert.strictEqual(yield* Effect.promise(() => text(second.end("?"))), "one")
        assert.strictEqual((yield* fairlead.pick("web")).candidate, "web#1")
        const unknown = yield* Effect.flip(fairlead.connect("localhost", 1))
        assert.instanceOf(unknown, UnknownUpstreamError)
        assert.include(unknown.message, `localhost:1: known upstreams are web (localhost:${server.port})`)
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("dials the next candidate after a failure, and lists the tried ones when all fail", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("second")
      const dead = yield* refusing
      const config: FairleadConfig = {
        // No candidate is measured, so the order of the list counts.
        enabled: false,
        upstreams: { web: { candidates: local(dead, server.port) }, dead: { candidates: local(dead) } }
      }
      yield* Effect.gen(function* () {
        const { connect, pick } = yield* Fairlead
        const socket = yield* connect("web")
        assert.strictEqual(yield* Effect.promise(() => text(socket.end("?"))), "second")
        const failed = yield* Effect.flip(connect("dead"))
        assert.instanceOf(failed, ConnectError)
        assert.deepInclude(failed, { upstream: "dead", reason: "unreachable" })
        assert.match(
          failed.message,
          /cannot connect to dead: tried dead#\d refused after \d+ ms; see its candidates in status/
        )
        assert.deepInclude(yield* pick("web"), {
          why: "unranked",
          state: "disabled",
          address: { host: "127.0.0.1", port: dead }
        })
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("keeps a record of its sessions that replays", () =>
    Effect.promise(() =>
      inScratch(async (directory) => {
        const log = path.join(directory, "log")
        const picked = await Effect.runPromise(
          Effect.gen(function* () {
            const servers = [yield* serverOf("one"), yield* serverOf("two")]
            const config: FairleadConfig = {
              ...quick,
              eventLog: { path: log },
              upstreams: { web: { candidates: local(...servers.map(({ port }) => port)) } }
            }
            return yield* Effect.gen(function* () {
              const { connect, pick, report } = yield* Fairlead
              yield* selected("web")
              for (let i = 0; i < 20; i++) {
                const socket = yield* connect("web")
                yield* Effect.promise(() => text(socket.end("?")))
              }
              const outcomes = [
                { saw: "ok", connectMs: 1.5, firstByteMs: 2 },
                { saw: "stalled", connectMs: 1, bytesUp: 10 },
                { saw: "reset", connectMs: 1 },
                { saw: "closed", connectMs: 1 },
                "refused",
                "timeout"
              ] as const
              let selection: Selection | undefined
              for (const outcome of outcomes) {
                selection = yield* pick("web")
                assert.isTrue(yield* report(selection, outcome))
                assert.isFalse(yield* report(selection, outcome))
              }
              assert.isFalse(yield* report(yield* pick("web"), { saw: "ok", connectMs: Number.NaN, firstByteMs: 1 }))
              assert.isFalse(yield* report({ ...(yield* pick("web")) }, "refused"))
              return selection
            }).pipe(Effect.provide(Fairlead.layer(config)))
          }).pipe(Effect.scoped)
        )
        assert.isString(picked?.candidate)
        const { code, stdout } = await command(["replay", log, "--json"])
        const verdict = JSON.parse(stdout)
        assert.deepStrictEqual([code, verdict.outcome, verdict.choices.checked], [0, "verified", 26])
      })
    ))

  it.live("counts the program's reports: five refusals open a candidate's breaker", () =>
    Effect.gen(function* () {
      const servers = [yield* serverOf("one"), yield* serverOf("two")]
      const config: FairleadConfig = {
        probing: { interval: "1h" },
        selector: { evaluationInterval: "20ms" },
        pool: { mode: "off" },
        balancing: { policy: "roundRobin", tolerance: "1m" },
        breaker: { failureThreshold: 5, failureRateThreshold: 1, cooldown: "1h" },
        upstreams: { web: { candidates: local(...servers.map(({ port }) => port)) } }
      }
      yield* Effect.gen(function* () {
        const { pick, report, facts } = yield* Fairlead
        yield* selected("web")
        let refused = 0
        for (let i = 0; i < 5_000 && refused < 5; i++) {
          const selection = yield* pick("web")
          if (selection.candidate === "web#1") refused++
          yield* report(selection, selection.candidate === "web#1" ? "refused" : { saw: "ok", connectMs: 1, firstByteMs: 1 })
          yield* Effect.sleep(1)
        }
        assert.strictEqual(refused, 5)
        yield* Stream.runHead(Stream.filter(facts, ({ kind }) => kind === "IpPoolIpTripped"))
        const [first] = (yield* candidatesOf("web")).filter(({ id }) => id === "web#1")
        assert.strictEqual(first?.breaker, "open")
        for (let i = 0; i < 4; i++) assert.strictEqual((yield* pick("web")).candidate, "web#2")
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("names every mistake of a configuration, as for a file, and starts nothing", () =>
    Effect.gen(function* () {
      const wrong = {
        upstreams: { web: { port: 0, candidates: ["nowhere"] } },
        probing: { intervall: "1s" },
        log: { level: "info" },
        eventLog: "none"
      }
      const layer = Fairlead.layer(wrong as unknown as FairleadConfig)
      const own = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.instanceOf(own, ConfigError)
      assert.deepStrictEqual(own.problems.map((problem) => problem.path), ["log"])
      const { log: _log, ...rest } = wrong
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Fairlead.layer(rest as unknown as FairleadConfig))))
      assert.instanceOf(error, ConfigError)
      const paths = ["upstreams.web.port", "upstreams.web.candidates.0", "probing.intervall", "eventLog"]
      assert.sameMembers((error as ConfigError).problems.map((problem) => problem.path), paths)
      assert.include(error.message, "config upstreams.web.port: expected a whole number from 1 to 65535, got 0")
      assert.include(error.message, "did you mean interval?")
      const round: Record<string, unknown> = {}
      round["round"] = round
      assert.instanceOf(yield* Effect.flip(Effect.scoped(Layer.build(Fairlead.layer(round as FairleadConfig)))), ConfigError)
    }))

  it.live("reloads other candidates at once, and changes nothing for a wrong configuration", () =>
    Effect.gen(function* () {
      const [one, two] = [yield* serverOf("one"), yield* serverOf("two")]
      const configOf = (port: number): FairleadConfig => ({ ...quick, upstreams: { web: { candidates: local(port) } } })
      yield* Effect.gen(function* () {
        const { connect, reload, refresh } = yield* Fairlead
        yield* selected("web")
        const asked = Effect.fnUntraced(function* () {
          const socket = yield* connect("web")
          return yield* Effect.promise(() => text(socket.end("?")))
        })
        assert.strictEqual(yield* asked(), "one")
        const kept = yield* connect("web")
        assert.instanceOf(yield* Effect.flip(reload({ upstreams: { web: {} } })), ConfigError)
        assert.strictEqual(yield* asked(), "one")
        assert.deepStrictEqual(yield* reload(configOf(two.port)), [])
        let answer = yield* asked()
        for (let i = 0; i < 1_000 && answer !== "two"; i++) answer = yield* Effect.andThen(Effect.sleep(5), asked())
        assert.strictEqual(answer, "two")
        assert.strictEqual(yield* Effect.promise(() => text(kept.end("?"))), "one")
        assert.deepStrictEqual(yield* reload({ ...configOf(two.port), limits: { mailbox: 128 } }), [
          "limits.mailbox has changed and needs a restart to take effect"
        ])
        yield* refresh("web")
        assert.instanceOf(yield* Effect.flip(refresh("nobody")), UnknownUpstreamError)
      }).pipe(Effect.provide(Fairlead.layer(configOf(one.port))))
    }).pipe(Effect.scoped))

  it.live("serves listeners too; the end of its scope ends every connection and fails later ones", () =>
    Effect.gen(function* () {
      const server = yield* serving((socket) =>
        void socket.on("data", () => socket.write("!")).on("end", () => socket.end())
      )
      const config: FairleadConfig = {
        ...quick,
        listeners: [{ name: "in", listen: "127.0.0.1:0", upstream: "web" }],
        upstreams: { web: { candidates: local(server.port) } }
      }
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Fairlead.layer(config), scope)
      const fairlead = Context.get(context, Fairlead)
      const { listeners } = yield* fairlead.status
      const port = Number(/:(\d+)$/.exec(listeners[0]?.listen ?? "")?.[1])
      const through = ask(port).catch((cause: NodeJS.ErrnoException) => cause.code)
      const socket = yield* fairlead.connect("web")
      socket.write("?")
      yield* Effect.promise(() => new Promise((resolve) => socket.once("data", resolve)))
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => until("it was reset", () => socket.destroyed))
      assert.include([undefined, "ECONNRESET"], yield* Effect.promise(() => through))
      yield* Effect.promise(() => until("no connection is left", () => server.sockets.size === 0))
      const late = yield* Effect.flip(fairlead.connect("web"))
      assert.deepInclude(late, { reason: "stopped", upstream: "web" })
      assert.deepInclude(yield* Effect.flip(fairlead.pick("web")), { reason: "stopped", upstream: "web" })
      assert.include((yield* Effect.flip(fairlead.reload(config))).message, "Fairlead has stopped")
    }).pipe(Effect.scoped))

  it.live("waits for a permit while the mailbox is full, and fails at dial.deadline", () =>
    Effect.gen(function* () {
      const server = yield* serving((socket) => void socket.resume().on("end", () => socket.end()))
      const config: FairleadConfig = {
        enabled: false,
        limits: { mailbox: 64 },
        dial: { deadline: "200ms" },
        upstreams: { web: { candidates: local(server.port) } }
      }
      yield* Effect.gen(function* () {
        const { connect } = yield* Fairlead
        const open: Array<Socket> = []
        let failed: unknown
        while (failed === undefined) {
          const got = yield* Effect.result(connect("web"))
          if (Result.isSuccess(got)) open.push(got.success)
          else failed = got.failure
        }
        assert.deepInclude(failed, { reason: "busy", upstream: "web" })
        assert.isAtMost(open.length, 64)
        assert.isAbove(open.length, 30)
        const waiting = yield* Effect.forkChild(connect("web"))
        for (const socket of open) socket.destroy()
        const socket = yield* Fiber.join(waiting)
        socket.destroy()
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("has an admin port when configured, which answers /reload with 422 as there is no file", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("one")
      const admin = yield* refusing
      const config: FairleadConfig = {
        admin: { listen: `127.0.0.1:${admin}` },
        upstreams: { web: { candidates: local(server.port) } }
      }
      yield* Effect.gen(function* () {
        yield* Fairlead
        const call = (method: string, path: string) =>
          Effect.promise(async () => {
            const response = await fetch(`http://127.0.0.1:${admin}${path}`, { method })
            return [response.status, await response.json().catch(() => undefined)] as const
          })
        const [status, body] = yield* call("GET", "/status")
        assert.deepStrictEqual([status, body.upstreams[0].name, body.listeners], [200, "web", []])
        assert.strictEqual((yield* call("POST", "/reload"))[0], 422)
        assert.strictEqual((yield* call("POST", "/refresh?upstream=web"))[0], 202)
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("stops the dial of an interrupted connect and returns its permits", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("one")
      const config: FairleadConfig = {
        ...quick,
        enabled: false,
        limits: { mailbox: 64 },
        upstreams: { web: { candidates: local(server.port) } }
      }
      yield* Effect.gen(function* () {
        const { connect } = yield* Fairlead
        for (let i = 0; i < 200; i++) {
          const got = yield* Effect.timeoutOption(connect("web"), 0)
          if (Option.isSome(got)) got.value.destroy()
        }
        const socket = yield* connect("web")
        assert.strictEqual(yield* Effect.promise(() => text(socket.end("?"))), "one")
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))
})
