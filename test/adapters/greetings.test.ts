/** Upstreams that send first, and connections that end at unusual moments. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { NodeUpstream } from "../../src/adapters/node/NodeUpstream.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { noLimits, relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import { connect, digestOf, pattern } from "../support/sockets.ts"
import { untold } from "../support/silence.ts"

describe("an upstream that sends first", () => {
  it.live("reaches a client that has sent nothing", () =>
    Effect.gen(function* () {
      const server = yield* serving((socket) => void socket.write("220 ready\r\n"))
      const relay = yield* relaying(server.port)
      yield* Effect.promise(async () => {
        const client = await connect(relay.port)
        await until("the greeting came", () => client.text() === "220 ready\r\n")
        client.socket.resetAndDestroy()
        await until("it is over", () => relay.ends.length === 1)
        assert.isAtLeast(relay.ends[0]?.firstByteAtUs ?? -1, 0)
      })
    }))

  it.live("may send a greeting of 300,000 bytes, and close or not", () =>
    Effect.gen(function* () {
      const greeting = pattern(300_000, 3)
      for (const closes of [false, true]) {
        const server = yield* serving((socket) => void (closes ? socket.end(greeting) : socket.write(greeting)))
        const relay = yield* relaying(server.port)
        yield* Effect.promise(async () => {
          const client = await connect(relay.port)
          await until("the greeting came whole", () => client.bytes() === 300_000 && client.ended() === closes)
          assert.strictEqual(client.digest(), digestOf(greeting))
          client.socket.end()
        })
      }
    }))

  it.live("reaches the client in full when it closes right after its greeting", () =>
    Effect.gen(function* () {
      const server = yield* serving((socket) => void socket.end("busy, come back later"))
      const relay = yield* relaying(server.port)
      yield* Effect.promise(async () => {
        const client = await connect(relay.port)
        await until("the end came", () => client.ended())
        assert.strictEqual(client.text(), "busy, come back later")
        client.socket.end()
        await until("it is over", () => relay.ends.length === 1)
        assert.deepInclude(relay.ends[0], { cause: "done", bytesDown: 21 })
      })
    }))

  it.live("has its greeting and its end kept until a client is joined to it", () =>
    Effect.gen(function* () {
      for (const size of [11, 300_000]) {
        const greeting = pattern(size, 4)
        const server = yield* serving((socket) => void socket.end(greeting))
        const waited = yield* waiting(server.port)
        yield* Effect.promise(async () => {
          const client = await connect(waited.port)
          await until("the upstream has spoken", () => waited.spoken() > 0)
          waited.join()
          await until("all came", () => client.ended())
          assert.strictEqual(client.digest(), digestOf(greeting))
          client.socket.end()
        })
      }
    }))
})

describe("an upstream that accepts and closes at once", () => {
  it.live("has its FIN or its reset passed on to the client", () =>
    Effect.gen(function* () {
      for (const politely of [true, false]) {
        const server = yield* serving((socket) => void (politely ? socket.end() : socket.resetAndDestroy()))
        const relay = yield* relaying(server.port)
        yield* Effect.promise(async () => {
          const client = await connect(relay.port)
          if (politely) {
            await until("the end came", () => client.ended())
            client.socket.end()
          }
          await until("it is over", () => client.closed() && relay.ends.length + relay.failures.length === 1)
          assert.strictEqual(client.error(), politely ? undefined : "ECONNRESET")
          // A reset this early may arrive before the dial has seen its connection.
          const how = relay.ends[0]?.cause ?? relay.failures[0]
          assert.include(politely ? ["done"] : ["upstream-reset", "reset"], how)
        })
      }
    }))
})

describe("a client that leaves while its upstream is being dialled", () => {
  it.live("ends its session and the upstream's connection as soon as the two are joined", () =>
    Effect.gen(function* () {
      for (const politely of [true, false]) {
        const server = yield* serving((socket) => void socket.on("end", () => socket.end()).resume())
        const gate = Promise.withResolvers<void>()
        const relay = yield* relaying(server.port, {}, gate.promise)
        yield* Effect.promise(async () => {
          const client = await connect(relay.port)
          if (politely) client.socket.end()
          else client.socket.resetAndDestroy()
          gate.resolve()
          await until("it is over", () => relay.ends.length === 1 && server.sockets.size === 0)
          assert.strictEqual(relay.ends[0]?.cause, politely ? "done" : "client-reset")
        })
      }
    }))
})

/** A relay that joins its one client only when told to, so that the dialled upstream has to wait. */
const waiting = (upstreamPort: number) =>
  Effect.gen(function* () {
    const transport = yield* Transport
    let join = () => {}
    let dialled: NodeUpstream | undefined
    const { address } = yield* transport.listen("relay", { host: "127.0.0.1", port: 0 }, (client) => {
      transport.dialUnsafe({ host: "127.0.0.1", port: upstreamPort }, 0, (upstream) => {
        if (typeof upstream === "string") return
        dialled = upstream as NodeUpstream
        join = () => void transport.relayUnsafe(client, upstream, noLimits, untold, () => {})
      })
    })
    return { port: address.port, join: () => join(), spoken: () => dialled?.socket.bytesRead ?? 0 }
  }).pipe(Effect.provide(NodeTransport.layer))
