/** A half-closed connection still carries the other direction, byte for byte. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import type { Watched } from "../support/sockets.ts"
import { connect, digestOf, pattern, watch } from "../support/sockets.ts"

const SIZE = 8 * 1024 * 1024
const request = pattern(SIZE, 1)
const answer = pattern(SIZE, 2)

describe("a half-closed connection", () => {
  it.live("carries 8 MiB down that the server sends only after the end of 8 MiB from the client", () =>
    Effect.gen(function* () {
      const accepted: Array<Watched> = []
      const server = yield* serving((socket) => {
        accepted.push(watch(socket))
        socket.on("end", () => socket.end(answer))
      })
      const relay = yield* relaying(server.port)
      yield* Effect.promise(async () => {
        const client = await connect(relay.port)
        client.socket.end(request)
        await until("everything came back", () => client.ended() && relay.ends.length === 1)
        assert.strictEqual(accepted[0]?.digest(), digestOf(request))
        assert.strictEqual(client.digest(), digestOf(answer))
        assert.deepInclude(relay.ends[0], { cause: "done", bytesUp: SIZE, bytesDown: SIZE })
        assert.strictEqual(client.error(), undefined)
        await until("both ends are closed", () => client.closed() && server.sockets.size === 0)
      })
    }))

  it.live("carries 8 MiB up that the client sends only after the end of 8 MiB from the server", () =>
    Effect.gen(function* () {
      const accepted: Array<Watched> = []
      const server = yield* serving((socket) => {
        accepted.push(watch(socket))
        socket.end(answer)
      })
      const relay = yield* relaying(server.port)
      yield* Effect.promise(async () => {
        const client = await connect(relay.port)
        client.socket.on("end", () => client.socket.end(request))
        await until("everything went up", () => accepted[0]?.ended() === true && relay.ends.length === 1)
        assert.strictEqual(client.digest(), digestOf(answer))
        assert.strictEqual(accepted[0]?.digest(), digestOf(request))
        assert.deepInclude(relay.ends[0], { cause: "done", bytesUp: SIZE, bytesDown: SIZE })
      })
    }))

  it.live("carries 8 MiB each way at once, for three clients, without mixing a byte", () =>
    Effect.gen(function* () {
      const accepted: Array<Watched> = []
      const server = yield* serving((socket) => {
        accepted.push(watch(socket))
        socket.end(answer)
      })
      const relay = yield* relaying(server.port)
      yield* Effect.promise(async () => {
        const clients = await Promise.all([connect(relay.port), connect(relay.port), connect(relay.port)])
        for (const { socket } of clients) socket.end(request)
        await until("all ended", () => relay.ends.length === 3 && [...clients, ...accepted].every((one) => one.ended()))
        assert.deepStrictEqual(clients.map((client) => client.digest()), Array(3).fill(digestOf(answer)))
        assert.deepStrictEqual(accepted.map((socket) => socket.digest()), Array(3).fill(digestOf(request)))
      })
    }))
})
