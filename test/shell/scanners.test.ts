/** Clients that leave before an answer, as scanners and one-way protocols do, are no evidence about their candidate. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type * as net from "node:net"
import type { Fact } from "../../src/core/model/Decision.ts"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import { withLive } from "../support/live.ts"
import { serving } from "../support/relaying.ts"
import { ask, until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const ROUNDS = 3
/** In a row: more than it takes to open the breakers of two candidates. */
const SCANNERS = 12

/** Answers a question; ends any other connection politely (FIN) or badly (reset) when the client ends. */
const answering = (takesIt: "politely" | "badly") =>
  serving((socket: net.Socket) => {
    let isQuestion = false
    socket.on("data", (chunk) => {
      isQuestion = String(chunk) === "?"
      if (isQuestion) socket.end("good")
    })
    socket.on("end", () => isQuestion || takesIt === "politely" ? socket.end() : socket.resetAndDestroy())
  })

describe("clients that send and leave without an answer", () => {
  for (const how of ["politely", "badly"] as const) {
    it.live(`cause no suspicion and open no breaker if the upstream ends ${how === "politely" ? "by FIN" : "by reset"}`, () =>
      Effect.gen(function* () {
        const ports = [(yield* answering(how)).port, (yield* answering(how)).port]
        const config = configWith([{ candidates: ports.map((port) => ({ host: "127.0.0.1", port })) }])
        yield* withLive(config, ({ engine, acceptor, port }) =>
          Effect.gen(function* () {
            const facts: Array<Fact["_tag"]> = []
            const listening = yield* Stream.fromPubSub(engine.facts).pipe(
              Stream.runForEach(({ _tag }) => Effect.sync(() => facts.push(_tag))),
              Effect.forkChild
            )
            yield* Effect.promise(async () => {
              await until("ready", () => isReady(engine.stateUnsafe()))
              for (let i = 0; i < ROUNDS; i++) {
                assert.strictEqual(await ask(port), "good")
                for (let k = 0; k < SCANNERS; k++) {
                  const scanner = await connect(port)
                  scanner.socket.end("GET / HTTP/1.0\r\n\r\n")
                  await until("it is gone", () => scanner.closed())
                  await until("the session is over", () => acceptor.statusUnsafe()[0]?.connections === 0)
                }
              }
              assert.strictEqual(await ask(port), "good")
            })
            yield* Effect.sleep("20 millis")
            yield* Fiber.interrupt(listening)
            assert.notInclude(facts, "Suspected")
            assert.notInclude(facts, "BreakerOpened")
          }))
      }))
  }
})
