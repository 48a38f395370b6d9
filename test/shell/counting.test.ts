/** A server that blocks a peer after too many connections without data, as MySQL does (`max_connect_errors`). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import { withLive } from "../support/live.ts"
import { ask, serve, until } from "../support/servers.ts"

const MOST_ERRORS = 8

/** Greets each connection. One that ends without data counts as an error; one with data sets the count to zero. */
async function counting() {
  let errors = 0
  const isBlocked = () => errors >= MOST_ERRORS
  const server = await serve((socket) => {
    if (isBlocked()) return void socket.end("blocked")
    let spoke = false
    socket.write("hello, ")
    socket.once("data", () => {
      spoke = true
      errors = 0
      socket.end("served")
    })
    socket.on("end", () => socket.end())
    socket.on("close", () => {
      if (!spoke) errors++
    })
  })
  return { server, isBlocked }
}

/** The time until an idle Fairlead is blocked, at most `forMs`; then the answer that a client gets. */
const idling = Effect.fnUntraced(function* (idle: "always" | "lazy", forMs: number) {
  const { server, isBlocked } = yield* Effect.promise(counting)
  const config = configWith([{
    ...{ candidates: [{ host: "127.0.0.1", port: server.port }], pool: { mode: "off" } },
    probing: { intervalMs: 100, idle }
  }])
  const { result } = yield* withLive(config, ({ engine, port }) =>
    Effect.promise(async () => {
      const sinceMs = performance.now()
      await until("ready", () => isReady(engine.stateUnsafe()))
      await until("blocked, or the time is over", () => isBlocked() || performance.now() - sinceMs >= forMs)
      const tookMs = performance.now() - sinceMs
      return { tookMs, answer: await ask(port), connections: server.connections() }
    }))
  yield* Effect.promise(() => server.stop())
  return result
})

describe("a server that blocks connections without data", () => {
  it.live(
    "blocks the probes of idle always, and in the same time serves the first client of idle lazy",
    () =>
      Effect.gen(function* () {
        const always = yield* idling("always", 9_000)
        assert.strictEqual(always.answer, "blocked")
        const lazy = yield* idling("lazy", always.tookMs)
        assert.strictEqual(lazy.answer, "hello, served")
        // One probe and one client.
        assert.strictEqual(lazy.connections, 2)
      }),
    30_000
  )
})
