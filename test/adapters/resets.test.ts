/** A reset on one side becomes a reset on the other; a FIN stays a FIN. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import type { Watched } from "../support/sockets.ts"
import { connect, watch } from "../support/sockets.ts"

/** An echo server, and a client that has had an answer: both directions are open. */
const joined = Effect.gen(function* () {
  const accepted: Array<Watched> = []
  const server = yield* serving((socket) => {
    accepted.push(watch(socket))
    socket.on("data", (chunk) => socket.write(chunk))
  })
  const relay = yield* relaying(server.port)
  const client = yield* Effect.promise(async () => {
    const client = await connect(relay.port)
    client.socket.write("hello")
    await until("the echo came", () => client.text() === "hello")
    return client
  })
  return { server, relay, client, far: accepted[0] as Watched }
})

describe("resets", () => {
  it.live("from the client reach the upstream as resets", () =>
    Effect.gen(function* () {
      const { relay, client, far } = yield* joined
      yield* Effect.promise(async () => {
        client.socket.resetAndDestroy()
        await until("the upstream saw it", () => far.closed() && relay.ends.length === 1)
        assert.strictEqual(far.error(), "ECONNRESET")
        assert.isFalse(far.ended())
        assert.strictEqual(relay.ends[0]?.cause, "client-reset")
      })
    }))

  it.live("from the upstream reach the client as resets", () =>
    Effect.gen(function* () {
      const { relay, client, far } = yield* joined
      yield* Effect.promise(async () => {
        far.socket.resetAndDestroy()
        await until("the client saw it", () => client.closed() && relay.ends.length === 1)
        assert.strictEqual(client.error(), "ECONNRESET")
        assert.isFalse(client.ended())
        assert.strictEqual(relay.ends[0]?.cause, "upstream-reset")
      })
    }))

  it.live("from the upstream reach the client even after the client has sent FIN", () =>
    Effect.gen(function* () {
      const { relay, client, far } = yield* joined
      yield* Effect.promise(async () => {
        client.socket.end()
        await until("the upstream saw the end", () => far.ended())
        far.socket.resetAndDestroy()
        await until("the client saw the reset", () => client.closed() && relay.ends.length === 1)
        assert.strictEqual(client.error(), "ECONNRESET")
        assert.strictEqual(relay.ends[0]?.cause, "upstream-reset")
      })
    }))

  it.live("do not occur when both sides end with FIN, whichever ends first", () =>
    Effect.gen(function* () {
      for (const first of ["client", "upstream"] as const) {
        const { relay, client, far, server } = yield* joined
        yield* Effect.promise(async () => {
          const [one, other] = first === "client" ? [client, far] : [far, client]
          one.socket.end()
          await until("the other side saw the end", () => other.ended())
          other.socket.end()
          await until("both are closed", () => client.closed() && far.closed() && relay.ends.length === 1)
          assert.deepStrictEqual([client.error(), far.error()], [undefined, undefined])
          assert.isTrue(client.ended() && far.ended())
          assert.strictEqual(relay.ends[0]?.cause, "done")
          assert.strictEqual(server.sockets.size, 0)
        })
      }
    }))

  it.live("reach both sides when the session is stopped", () =>
    Effect.gen(function* () {
      const { relay, client, far } = yield* joined
      yield* Effect.promise(async () => {
        relay.relayed[0]?.cancel()
        relay.relayed[0]?.cancel()
        await until("both saw it", () => client.closed() && far.closed())
        assert.deepStrictEqual([client.error(), far.error()], ["ECONNRESET", "ECONNRESET"])
        assert.deepStrictEqual(relay.ends.map(({ cause }) => cause), ["stopped"])
      })
    }))
})
