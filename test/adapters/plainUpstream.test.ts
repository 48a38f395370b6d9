/** Ordinary sockets for embedding programs: a loss is seen while they are warm, greetings are kept, HTTP and TLS work. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as http from "node:http"
import type * as net from "node:net"
import { text } from "node:stream/consumers"
import * as tls from "node:tls"
import * as EmbedTransport from "../../src/adapters/node/EmbedTransport.ts"
import type { PlainUpstream } from "../../src/adapters/node/PlainUpstream.ts"
import { ProgramClient } from "../../src/adapters/node/ProgramClient.ts"
import type { Session } from "../../src/core/model/Config.ts"
import type { RelayEnd, Silence } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { cert, key } from "../support/certificate.ts"
import { noLimits, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import { connect, digestOf, pattern } from "../support/sockets.ts"
import { untold } from "../support/silence.ts"

const dialled = Effect.fnUntraced(function* (port: number) {
  const { dialUnsafe } = yield* Transport
  return yield* Effect.callback<PlainUpstream>((resume) => {
    dialUnsafe({ host: "127.0.0.1", port }, 0, (result) => {
      resume(typeof result === "string" ? Effect.die(result) : Effect.succeed(result as PlainUpstream))
    })
  })
})

interface Lent {
  readonly socket: net.Socket
  readonly ends: ReadonlyArray<RelayEnd>
  readonly cancel: () => void
}

const lent = Effect.fnUntraced(function* (upstream: PlainUpstream, limits: Partial<Session> = {}, told: Silence = untold) {
  const { relayUnsafe } = yield* Transport
  const ends: Array<RelayEnd> = []
  return yield* Effect.callback<Lent>((resume) => {
    const client = new ProgramClient({
      received: ({ socket }) => queueMicrotask(() => resume(Effect.succeed({ socket, ends, cancel }))),
      refused: () => resume(Effect.die("refused"))
    })
    const cancel = relayUnsafe(client, upstream, { ...noLimits, ...limits }, told, (end) => ends.push(end))
  })
})

const embedding = Effect.provide(EmbedTransport.layer)
const holds = (what: string, condition: () => boolean) => Effect.promise(() => until(what, condition))

describe("an ordinary socket that is kept warm", () => {
  const deaths: ReadonlyArray<[string, (socket: net.Socket) => void, "closed" | "reset"]> = [
    ["ends", (socket) => void socket.end(), "closed"],
    ["resets", (socket) => void socket.resetAndDestroy(), "reset"],
    ["greets and ends", (socket) => void socket.end("220 ready\r\n"), "closed"],
    ["greets and resets", (socket) => void socket.write("220 ready\r\n", () => socket.resetAndDestroy()), "reset"]
  ]
  for (const [what, die, reason] of deaths) {
    it.live(`reports its loss, once, when its upstream ${what}`, () =>
      Effect.gen(function* () {
        let kill = () => {}
        const server = yield* serving((socket) => (kill = () => die(socket)))
        const upstream = yield* dialled(server.port)
        yield* holds("it was accepted", () => server.connections() === 1)
        const losses: Array<string> = []
        upstream.watchUnsafe((loss) => losses.push(loss))
        assert.isTrue(upstream.isAliveUnsafe())
        kill()
        yield* holds("it was told", () => losses.length > 0)
        assert.isFalse(upstream.isAliveUnsafe())
        upstream.closeUnsafe()
        yield* holds("no connection is left", () => server.sockets.size === 0)
        assert.deepStrictEqual(losses, [reason])
      }).pipe(embedding))
  }

  it.live("keeps an early greeting of any size for the program, whole and in order", () =>
    Effect.gen(function* () {
      for (const size of [11, 300_000]) {
        const greeting = pattern(size, 5)
        const server = yield* serving((socket) => void socket.end(greeting))
        const upstream = yield* dialled(server.port)
        if (size > 4096) upstream.watchUnsafe(() => {})
        yield* holds("some has come", () => size <= 4096 || upstream.socket.bytesRead > 4096)
        const { socket, ends } = yield* lent(upstream)
        const chunks = yield* Effect.promise(() => socket.toArray())
        assert.strictEqual(digestOf(Buffer.concat(chunks)), digestOf(greeting))
        yield* holds("it is over", () => ends.length === 1)
        assert.deepInclude(ends[0], { cause: "done", bytesUp: 0, bytesDown: size })
      }
      const server = yield* serving((socket) => void socket.write("220 ready\r\n"))
      const upstream = yield* dialled(server.port)
      upstream.watchUnsafe(() => {})
      yield* holds("it has greeted", () => upstream.socket.bytesRead === 11)
      const { socket, ends } = yield* lent(upstream)
      const first = yield* Effect.promise(() => new Promise((resolve) => socket.once("data", resolve)))
      assert.strictEqual(String(first), "220 ready\r\n")
      socket.destroy()
      yield* holds("it is over", () => ends.length === 1)
      assert.isAtLeast(ends[0]?.firstByteAtUs ?? -1, 0)
    }).pipe(embedding))
})

describe("a socket lent to a program", () => {
  it.live("carries HTTP, and the session reports its bytes and times", () =>
    Effect.gen(function* () {
      const server = http.createServer((request, response) => response.end(`you asked for ${request.url}`))
      yield* Effect.addFinalizer(() => Effect.sync(() => (server.closeAllConnections(), server.close())))
      const port = yield* listening(server)
      const upstream = yield* dialled(port)
      upstream.watchUnsafe(() => {})
      const { socket, ends } = yield* lent(upstream)
      const answer = yield* Effect.promise(() =>
        new Promise<string>((resolve, reject) => {
          const request = http.request({ path: "/x", createConnection: () => socket }, (response) => {
            resolve(text(response))
          })
          request.on("error", reject)
          request.end()
        })
      )
      assert.strictEqual(answer, "you asked for /x")
      socket.destroy()
      yield* holds("it is over", () => ends.length === 1)
      const [end] = ends
      assert.strictEqual(end?.cause, "done")
      assert.isAbove(end?.bytesUp ?? 0, 20)
      assert.isAbove(end?.bytesDown ?? 0, 20)
      assert.isAtLeast(end?.answerUs ?? -1, 0)
    }).pipe(Effect.scoped, embedding))

  it.live("carries TLS", () =>
    Effect.gen(function* () {
      const server = tls.createServer({ key, cert }, (socket) => {
        socket.on("error", () => {})
        socket.once("data", (data) => socket.end(`secretly ${data}`))
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => void server.close()))
      const upstream = yield* dialled(yield* listening(server))
      upstream.watchUnsafe(() => {})
      const { socket, ends } = yield* lent(upstream)
      const secure = tls.connect({ socket, servername: "localhost", ca: cert })
      secure.write("hello")
      assert.strictEqual(yield* Effect.promise(() => text(secure)), "secretly hello")
      yield* holds("it is over", () => ends.length === 1)
      assert.strictEqual(ends[0]?.cause, "done")
      assert.isAbove(ends[0]?.bytesDown ?? 0, 100)
      // TLS bypasses the socket, so the time of the answer is unknown.
      assert.strictEqual(ends[0]?.answerUs, -1)
      assert.isAtLeast(ends[0]?.firstByteAtUs ?? -1, 0)
    }).pipe(Effect.scoped, embedding))

  it.live("reports which side ended it, and how", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<[RelayEnd["cause"], (socket: net.Socket) => void, (lent: Lent) => void]> = [
        ["upstream-reset", (socket) => void socket.once("data", () => socket.resetAndDestroy()), () => {}],
        ["upstream-closed", (socket) => void socket.once("data", () => socket.end()), () => {}],
        ["done", (socket) => void socket.once("data", () => socket.end("bye")), () => {}],
        ["done", () => {}, ({ socket }) => socket.destroy()],
        // The program ends first, without an answer; the second upstream resets after that.
        ["done", () => {}, ({ socket }) => void socket.end()],
        ["done", (socket) => void socket.on("end", () => socket.resetAndDestroy()), ({ socket }) => void socket.end()],
        ["stopped", () => {}, ({ cancel }) => cancel()]
      ]
      for (const [cause, answer, act] of cases) {
        const server = yield* serving((socket) => {
          answer(socket.resume())
          socket.on("end", () => socket.destroyed || socket.end())
        })
        const one = yield* lent(yield* dialled(server.port))
        one.socket.resume().write("?")
        act(one)
        yield* holds(`it ended: ${cause}`, () => one.ends.length === 1 && one.socket.destroyed)
        assert.strictEqual(one.ends[0]?.cause, cause)
        yield* holds("no connection is left", () => server.sockets.size === 0)
      }
    }).pipe(embedding))

  it.live("ends when no byte moves for session.idle", () =>
    Effect.gen(function* () {
      const server = yield* serving(() => {})
      const { socket, ends } = yield* lent(yield* dialled(server.port), { idleMs: 100 })
      yield* holds("it is over", () => ends.length === 1)
      assert.deepStrictEqual([ends[0]?.cause, socket.destroyed], ["idle", true])
    }).pipe(embedding))

  it.live("reports silence and stall of the upstream after the program has sent", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const told: Silence = {
        silentAfterMs: 30,
        stallMs: 90,
        silent: () => heard.push("silent") > 0,
        stalled: () => heard.push("stalled") > 0,
        spoke: (side) => void heard.push(side)
      }
      const server = yield* serving(() => {})
      const { socket } = yield* lent(yield* dialled(server.port), {}, told)
      socket.write("?")
      yield* holds("it stalled", () => heard.length === 2)
      for (const one of server.sockets) one.write("!")
      yield* holds("it spoke", () => heard.length === 3)
      assert.deepStrictEqual(heard, ["silent", "stalled", "upstream"])
      socket.destroy()
    }).pipe(embedding))
})

describe("a listener over ordinary sockets", () => {
  it.live("relays both ways, half-closed too, and passes on what the warm socket had received", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const upload = pattern(400_000, 6)
      const server = yield* serving((socket) => {
        socket.write("220 ready\r\n")
        let bytes = 0
        socket.on("data", (chunk) => (bytes += chunk.length))
        socket.on("end", () => socket.end(`${bytes} bytes came`))
      })
      const upstream = yield* dialled(server.port)
      upstream.watchUnsafe(() => {})
      yield* holds("it has greeted", () => upstream.socket.bytesRead === 11)
      const ends: Array<RelayEnd> = []
      const { address } = yield* transport.listen("relay", { host: "127.0.0.1", port: 0 }, (client) => {
        transport.relayUnsafe(client, upstream, noLimits, untold, (end) => ends.push(end))
      })
      const client = yield* Effect.promise(() => connect(address.port))
      client.socket.end(upload)
      yield* holds("the answer came", () => client.ended())
      assert.strictEqual(client.text(), "220 ready\r\n400000 bytes came")
      yield* holds("it is over", () => ends.length === 1)
      assert.deepInclude(ends[0], { cause: "done", bytesUp: 400_000 })
    }).pipe(Effect.scoped, embedding))
})

const listening = (server: net.Server) =>
  Effect.promise(() =>
    new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port))
    )
  )
