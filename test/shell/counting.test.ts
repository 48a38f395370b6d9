/** In front of a server that shuts out who connects too often without a word, as MySQL does (`max_connect_errors`), over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import { withLive } from "../support/live.ts"
import { ask, serve, until } from "../support/servers.ts"

const MOST_ERRORS = 8

/** Greets each connection; who leaves without a word is counted, who says something is forgiven. */
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

/** How long it takes until one who idles is shut out, at most `forMs`; then what a client gets. */
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
      await until("shut out, or time is over", () => isBlocked() || performance.now() - sinceMs >= forMs)
      const tookMs = performance.now() - sinceMs
      return { tookMs, answer: await ask(port), connections: server.connections() }
    }))
  yield* Effect.promise(() => server.stop())
  return result
})

describe("an upstream that no client uses", () => {
  it.live(
    "is shut out by its probes with idle always, and in the same time is not with idle lazy: its first client is served",
    () =>
      Effect.gen(function* () {
        const always = yield* idling("always", 9_000)
        assert.strictEqual(always.answer, "blocked")
        const lazy = yield* idling("lazy", always.tookMs)
        assert.strictEqual(lazy.answer, "hello, served")
        // One probe, and the client.
        assert.strictEqual(lazy.connections, 2)
      }),
    30_000
  )
})
