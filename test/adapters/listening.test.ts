/** A paused listener: the kernel connects its clients, which wait and are accepted when it resumes. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import process from "node:process"
import { assert } from "vitest"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { ClientSocket, Listening } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const listening = (host: string, use: (listening: Listening, accepted: Array<ClientSocket>) => Promise<void>) =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const accepted: Array<ClientSocket> = []
    const listening = yield* transport.listen("web", { host, port: 0 }, (client) => accepted.push(client))
    yield* Effect.promise(() => use(listening, accepted))
    for (const client of accepted) client.resetUnsafe()
  }).pipe(Effect.provide(NodeTransport.layer), Effect.scoped)

describe("a listener", () => {
  it.live.skipIf(process.platform !== "linux")(
    "accepts no client while it is paused, and all waiting ones once it resumes",
    () =>
      listening("127.0.0.1", async ({ address, pauseUnsafe, resumeUnsafe }, accepted) => {
        const first = await connect(address.port)
        await until("the first is accepted", () => accepted.length === 1)
        for (const round of [1, 2]) {
          pauseUnsafe()
          const before = accepted.length
          const waiting = await Promise.all(Array.from({ length: 20 }, () => connect(address.port)))
          // One more trip through the event loop than an accept would take.
          const echo = net.createServer((socket) => socket.end())
          await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", () => resolve()))
          const passed = await connect((echo.address() as net.AddressInfo).port)
          await until("later sockets are served", () => passed.ended())
          echo.close()
          assert.strictEqual(accepted.length, before)
          assert.isTrue(waiting.every(({ closed }) => !closed()))
          resumeUnsafe()
          await until(`all are accepted in round ${round}`, () => accepted.length === before + 20)
          for (const { socket } of waiting) socket.destroy()
        }
        first.socket.destroy()
      })
  )

  it.live("on IPv6 frees its port when it stops while it is paused", (context) =>
    Effect.gen(function* () {
      const hasV6 = yield* Effect.promise(() =>
        new Promise<boolean>((resolve) => {
          const probe = net.createServer().on("error", () => resolve(false))
          probe.listen(0, "::1", () => probe.close(() => resolve(true)))
        })
      )
      if (!hasV6) return context.skip("this machine has no IPv6")
      let port = 0
      yield* listening("::1", ({ address, pauseUnsafe }) => {
        port = address.port
        return Promise.resolve(pauseUnsafe())
      })
      const again = yield* Effect.promise(() =>
        new Promise<string>((resolve) => {
          const socket = net.connect(port, "::1", () => resolve("connected"))
          socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""))
        })
      )
      assert.strictEqual(again, "ECONNREFUSED")
    }))
})
