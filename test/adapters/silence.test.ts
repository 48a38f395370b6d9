/** An upstream's silence counts from the client's last byte: uploads and slow clients are no silence. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import type * as net from "node:net"
import { SilenceWatch } from "../../src/adapters/node/silence.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { RelayEnd, Silence } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { noLimits, relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What a session reports, in order. */
function hearing(silentAfterMs: number, stallMs: number) {
  const heard: Array<string> = []
  const waited: Array<number> = []
  const told: Silence = {
    silentAfterMs,
    stallMs,
    silent: (waitedUs) => waited.push(waitedUs) > 0 && heard.push("silent") > 0,
    stalled: () => heard.push("stalled") > 0,
    spoke: (side) => void heard.push(side)
  }
  return { heard, waited, told }
}

/** One client joined to one upstream. */
const joined = (server: { readonly port: number }, told: Silence) =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const ends: Array<RelayEnd> = []
    const { address } = yield* transport.listen("relay", { host: "127.0.0.1", port: 0 }, (client) => {
      transport.dialUnsafe({ host: "127.0.0.1", port: server.port }, 0, (upstream) => {
        if (typeof upstream === "string") return client.resetUnsafe()
        transport.relayUnsafe(client, upstream, noLimits, told, (end) => ends.push(end))
      })
    })
    const client = yield* Effect.promise(() => connect(address.port))
    return { client: client.socket, ends }
  })
const answering = () => serving((socket: net.Socket) => void socket.resume().on("end", () => socket.end("done")))

describe("silence", () => {
  it.live("is not reported while a client keeps sending, and the answer is timed from its last byte", () =>
    Effect.gen(function* () {
      const { heard, told } = hearing(400, 400)
      const { client, ends } = yield* joined(yield* answering(), told)
      yield* Effect.promise(async () => {
        const began = performance.now()
        while (performance.now() - began < 1_500) {
          client.write("more")
          await pause(20)
        }
        client.end()
        await until("it is over", () => ends.length === 1)
      })
      assert.deepStrictEqual(heard, [])
      assert.isBelow(ends[0]?.answerUs ?? 0, 1_000_000)
      assert.strictEqual(ends[0]?.cause, "done")
    }).pipe(Effect.provide(NodeTransport.layer)))

  it.live("ends when the client sends more, and begins again after its last byte", () =>
    Effect.gen(function* () {
      const { heard, told } = hearing(30, 3_600_000)
      const { client, ends } = yield* joined(yield* answering(), told)
      yield* Effect.promise(async () => {
        for (const times of [1, 2]) {
          client.write("part")
          await until(`it is silent, ${times}`, () => heard.filter((one) => one === "silent").length === times)
        }
        client.end()
        await until("it is over", () => ends.length === 1)
      })
      assert.deepStrictEqual(heard, ["silent", "client", "silent", "upstream"])
      assert.strictEqual(ends[0]?.silence, "none")
    }).pipe(Effect.provide(NodeTransport.layer)))

  it.live("is reported of an upstream that stops reading, and ends when it reads again", () =>
    Effect.gen(function* () {
      let upstream: net.Socket | undefined
      const server = yield* serving((socket: net.Socket) => void (upstream = socket.pause()))
      const { heard, told } = hearing(100, 3_600_000)
      const { client } = yield* joined(server, told)
      yield* Effect.promise(async () => {
        // More than the buffers of both sides hold: the client stops, as nothing drains.
        const chunk = Buffer.alloc(1_000_000)
        for (let i = 0; i < 40; i++) client.write(chunk)
        await until("it is silent", () => heard.length === 1)
        upstream?.resume()
        await until("it drains", () => heard.length >= 2)
      })
      assert.deepStrictEqual(heard.slice(0, 2), ["silent", "client"])
    }).pipe(Effect.provide(NodeTransport.layer)))

  it.live("begins later after many bytes, which take time to be sent", () =>
    Effect.promise(async () => {
      const first = async (bytes: number) => {
        const { heard, told } = hearing(20, 3_600_000)
        const began = performance.now()
        const watch = new SilenceWatch(told)
        watch.sent(bytes)
        await until("it is silent", () => heard.length > 0)
        watch.stop()
        return performance.now() - began
      }
      // 100,000 bytes at 2 Mbit/s are 400 ms.
      assert.isAtLeast(await first(100_000), 400)
      assert.isBelow(await first(10), 400)
    }))

  it.live("becomes a stall only when stallMs have passed since the last byte", () =>
    Effect.promise(async () => {
      const { heard, told } = hearing(20, 300)
      const watch = new SilenceWatch(told)
      watch.sent(1)
      const began = performance.now()
      while (performance.now() - began < 700) {
        await pause(60)
        watch.sent(1)
      }
      assert.notInclude(heard, "stalled")
      await until("it stalls", () => heard.includes("stalled"))
      watch.stop()
    }))
})

describe("a session with an upstream that answers", () => {
  const fatal = Buffer.from([21, 3, 3, 0, 2, 2, 40])
  const warning = Buffer.from([21, 3, 1, 0, 2, 1, 112])
  const cases: ReadonlyArray<[string, (socket: net.Socket) => void, RelayEnd["cause"], boolean]> = [
    ["with a fatal alert and FIN", (socket) => socket.end(fatal), "upstream-alert", false],
    [
      "with a fatal alert and a reset",
      (socket) => void socket.write(fatal, () => socket.resetAndDestroy()),
      "upstream-alert",
      false
    ],
    ["with a warning alone", (socket) => socket.end(warning), "upstream-alert", false],
    ["with a warning and more bytes", (socket) => socket.end(Buffer.concat([warning, Buffer.from("hello")])), "done", true],
    ["with other bytes", (socket) => socket.end(Buffer.from([22, 3, 3, 0, 2, 2, 40])), "done", true]
  ]
  for (const [what, answer, cause, isHeard] of cases) {
    it.live(`${what} ends with the cause ${cause}`, () =>
      Effect.gen(function* () {
        const server = yield* serving((socket: net.Socket) => void socket.once("data", () => answer(socket)))
        const relay = yield* relaying(server.port)
        yield* Effect.promise(async () => {
          const { socket } = await connect(relay.port)
          socket.on("end", () => socket.end())
          socket.write("\x16hello")
          await until("it is over", () => relay.ends.length === 1)
        })
        assert.strictEqual(relay.ends[0]?.cause, cause)
        assert.strictEqual((relay.ends[0]?.firstByteAtUs ?? -1) >= 0, isHeard)
      }))
  }
})
