/** Uploads that are answered at their end, slow clients and scanners that are reset are no evidence against a candidate. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as net from "node:net"
import type { Config } from "../../src/core/model/Config.ts"
import type { Fact } from "../../src/core/model/Decision.ts"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import type { Live } from "../support/live.ts"
import { withLive } from "../support/live.ts"
import { serving } from "../support/relaying.ts"
import { ask, until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const STALL_MS = 400
const UPLOAD_MS = 1_500

/** Answers a question at once, an upload at its end, and a scanner with a reset. */
const answering = (socket: net.Socket) => {
  let first = ""
  socket.on("data", (chunk) => {
    first ||= String(chunk)
    if (first === "?") socket.end("good")
    else if (first === "scan") socket.resetAndDestroy()
  })
  socket.on("end", () => socket.end("good"))
}

/** The kinds of the facts that came while `use` ran. */
const telling = <A>(live: Live, use: () => Promise<A>) =>
  Effect.gen(function* () {
    const facts: Array<Fact["_tag"]> = []
    const listening = yield* Stream.fromPubSub(live.engine.facts).pipe(
      Stream.runForEach(({ _tag }) => Effect.sync(() => facts.push(_tag))),
      Effect.forkChild
    )
    yield* Effect.promise(async () => {
      await until("ready", () => isReady(live.engine.stateUnsafe()))
      await use()
    })
    yield* Effect.sleep("20 millis")
    yield* Fiber.interrupt(listening)
    return facts
  })

const two = Effect.gen(function* () {
  const ports = [(yield* serving(answering)).port, (yield* serving(answering)).port]
  const config: Config = configWith([{
    candidates: ports.map((port) => ({ host: "127.0.0.1", port })),
    pool: { mode: "off" },
    session: { stallMs: STALL_MS }
  }])
  return config
})

/** Sends a chunk every `everyMs` for `UPLOAD_MS`, ends, and resolves with the answer. */
async function uploads(port: number, everyMs: number, size: number): Promise<string> {
  const { socket, text, closed } = await connect(port)
  const began = performance.now()
  while (performance.now() - began < UPLOAD_MS) {
    socket.write("x".repeat(size))
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  socket.end()
  await until("it is answered", closed)
  return text()
}

/** The kinds of facts that came of three served clients, and then of six answered uploads at once. */
const uploading = (everyMs: number, size: number) =>
  Effect.gen(function* () {
    const config = yield* two
    let facts: ReadonlyArray<Fact["_tag"]> = []
    yield* withLive(config, (live) =>
      Effect.gen(function* () {
        facts = yield* telling(live, async () => {
          for (let i = 0; i < 3; i++) assert.strictEqual(await ask(live.port), "good")
          const six = Array.from({ length: 6 }, () => uploads(live.port, everyMs, size))
          assert.deepStrictEqual(await Promise.all(six), six.map(() => "good"))
        })
      }))
    return facts
  })

describe("clients that take longer than session.stall to send", () => {
  it.live("without pauses cause no suspicion and open no breaker", () =>
    Effect.gen(function* () {
      const facts = yield* uploading(10, 2_000)
      assert.notInclude(facts, "Suspected")
      assert.notInclude(facts, "BreakerOpened")
    }))

  it.live("with pauses open no breaker, and any suspicion ends when they continue", () =>
    Effect.gen(function* () {
      // Longer than the first silence window, shorter than session.stall.
      const facts = yield* uploading(350, 10)
      assert.notInclude(facts, "BreakerOpened")
      const count = (tag: Fact["_tag"]) => facts.filter((one) => one === tag).length
      assert.strictEqual(count("Cleared"), count("Suspected"))
    }))
})

describe("a scanner that is reset each time", () => {
  it.live("among served clients causes suspicion a few times, not each time", () =>
    Effect.gen(function* () {
      const config = yield* two
      yield* withLive(config, (live) =>
        Effect.gen(function* () {
          const facts = yield* telling(live, async () => {
            assert.strictEqual(await ask(live.port), "good")
            for (let i = 0; i < 60; i++) {
              const scanner = net.connect({ port: live.port, host: "127.0.0.1" }, () => scanner.write("scan"))
              scanner.on("error", () => {})
              await until("it is reset", () => scanner.destroyed)
              assert.strictEqual(await ask(live.port), "good")
              assert.strictEqual(await ask(live.port), "good")
            }
          })
          assert.isAtMost(facts.filter((one) => one === "Suspected").length, 6)
        }))
    }))
})
