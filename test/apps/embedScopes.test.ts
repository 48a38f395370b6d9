/** Connections of a program that belong to a scope, and waits for a connection that a time limit ends. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { text } from "node:stream/consumers"
import type { FairleadConfig } from "../../src/mod.ts"
import { Fairlead } from "../../src/mod.ts"
import { blackHole } from "../support/blackHole.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { named, serve, until } from "../support/servers.ts"

const LIMIT_MS = 300
/** A wait that the limit does not end lasts until `dial.timeout`. */
const SOON_MS = 2_500
const DIAL = { timeout: "5s", deadline: "5s" }

const place = <S extends { readonly stop: () => Promise<void> }>(make: () => Promise<S>) =>
  Effect.acquireRelease(Effect.promise(make), ({ stop }) => Effect.promise(stop))

const dark = Effect.map(blackHole, (port): FairleadConfig => ({
  dial: DIAL,
  pool: { mode: "off" },
  upstreams: { web: { candidates: [`127.0.0.1:${port}`] } }
}))
/** Each connection is dialled when the program asks for it, and nothing else is dialled. */
const dialling = (port: number): FairleadConfig => ({
  enabled: false,
  upstreams: { web: { candidates: [`127.0.0.1:${port}`] } }
})

const within = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const beganMs = performance.now()
    const result = yield* Effect.timeoutOption(Effect.scoped(effect), LIMIT_MS)
    return { result, tookMs: performance.now() - beganMs }
  })

describe("a time limit around a connection to a dark address", () => {
  it.live("ends the wait of `connectScoped`", () =>
    Effect.gen(function* () {
      const config = yield* dark
      yield* Effect.gen(function* () {
        const { connectScoped } = yield* Fairlead
        const { result, tookMs } = yield* within(connectScoped("web"))
        assert.isTrue(Option.isNone(result))
        assert.isBelow(tookMs, SOON_MS)
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("ends the wait of an interruptible `acquireRelease`", () =>
    Effect.gen(function* () {
      const config = yield* dark
      yield* Effect.gen(function* () {
        const { connect } = yield* Fairlead
        const acquired = Effect.acquireRelease(connect("web"), (socket) => Effect.sync(() => socket.destroy()), {
          interruptible: true
        })
        const { result, tookMs } = yield* within(acquired)
        assert.isTrue(Option.isNone(result))
        assert.isBelow(tookMs, SOON_MS)
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("ends the wait for a name that no server answers, too", () =>
    Effect.gen(function* () {
      const dns = yield* dnsServer({}, { mute: ["A", "AAAA"] })
      const config: FairleadConfig = { dns: { servers: [`127.0.0.1:${dns.port}`], timeout: "5s" }, dial: DIAL }
      yield* Effect.gen(function* () {
        const { connectScoped } = yield* Fairlead
        const { result, tookMs } = yield* within(connectScoped("svc.example", 80))
        assert.isTrue(Option.isNone(result))
        assert.isBelow(tookMs, SOON_MS)
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))
})

describe("a connection in a scope", () => {
  it.live("ends with its scope, after all that was written has been sent", () =>
    Effect.gen(function* () {
      const got: Array<string> = []
      const server = yield* place(() =>
        serve((socket) => {
          void text(socket).then((all) => {
            got.push(all)
            socket.end()
          })
        })
      )
      yield* Effect.gen(function* () {
        const { connectScoped } = yield* Fairlead
        const large = "x".repeat(4_000_000)
        yield* Effect.scoped(Effect.map(connectScoped("web"), (socket) => void socket.write(large)))
        yield* Effect.promise(() => until("it has all", () => got.length === 1))
        assert.strictEqual(got[0]?.length, large.length)
      }).pipe(Effect.provide(Fairlead.layer(dialling(server.port))))
    }).pipe(Effect.scoped))

  it.live("is destroyed when its scope fails", () =>
    Effect.gen(function* () {
      const server = yield* place(() => serve((socket) => void socket.resume().on("end", () => socket.end())))
      yield* Effect.gen(function* () {
        const { connectScoped } = yield* Fairlead
        const failing = Effect.flatMap(connectScoped("web"), (socket) =>
          Effect.andThen(
            Effect.promise(() => until("it is connected", () => server.sockets.size === 1)),
            Effect.fail(socket)
          ))
        const socket = yield* Effect.flip(Effect.scoped(failing))
        assert.isTrue("destroyed" in socket && socket.destroyed)
        yield* Effect.promise(() => until("it is gone", () => server.sockets.size === 0))
      }).pipe(Effect.provide(Fairlead.layer(dialling(server.port))))
    }).pipe(Effect.scoped))

  it.live("that is interrupted at any moment leaves no connection behind", () =>
    Effect.gen(function* () {
      const server = yield* place(() => named("one"))
      yield* Effect.gen(function* () {
        const { connect, connectScoped } = yield* Fairlead
        let served = 0
        for (let i = 0; i < 120; i++) {
          const waitMs = (i % 12) / 4
          const scoped = Effect.scoped(Effect.as(connectScoped("web"), true))
          if (Option.isSome(yield* Effect.timeoutOption(scoped, waitMs))) served++
          const bare = Effect.map(connect("web"), (socket) => void socket.destroy())
          yield* Effect.timeoutOption(bare, waitMs)
        }
        assert.isAbove(served, 0)
        yield* Effect.promise(() => until("all are gone", () => server.sockets.size === 0))
      }).pipe(Effect.provide(Fairlead.layer(dialling(server.port))))
    }).pipe(Effect.scoped))
})
