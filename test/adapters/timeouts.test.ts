/** Sessions that end at a timeout. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import * as net from "node:net"
import process from "node:process"
import type { Relayed } from "../support/relaying.ts"
import { relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import type { Watched } from "../support/sockets.ts"
import { connect, watch } from "../support/sockets.ts"

describe("a session", () => {
  it.live("without a byte for idleMs ends with a reset on both sides", () =>
    Effect.gen(function* () {
      const accepted: Array<Watched> = []
      const server = yield* serving((socket) => void accepted.push(watch(socket)))
      const relay = yield* relaying(server.port, { idleMs: 60 })
      yield* Effect.promise(async () => {
        const client = await connect(relay.port)
        await until("both sides were reset", () => client.closed() && accepted[0]?.closed() === true)
        assert.deepStrictEqual([client.error(), accepted[0]?.error()], ["ECONNRESET", "ECONNRESET"])
        assert.deepStrictEqual(relay.ends.map(({ cause }) => cause), ["idle"])
      })
    }))

  it.live("stays open while bytes move in one direction only", () =>
    Effect.gen(function* () {
      for (const direction of ["up", "down"] as const) {
        const accepted: Array<Watched> = []
        const server = yield* serving((socket) => void accepted.push(watch(socket)))
        const relay = yield* relaying(server.port, { idleMs: 400 })
        yield* Effect.promise(async () => {
          const client = await connect(relay.port)
          await until("joined", () => accepted.length === 1)
          const [from, to] = direction === "up" ? [client, accepted[0] as Watched] : [accepted[0] as Watched, client]
          const beganMs = performance.now()
          const talk = setInterval(() => from.socket.write("."), 20)
          await until("three idle times have passed", () => performance.now() - beganMs > 1_200)
          assert.strictEqual(relay.ends.length, 0)
          clearInterval(talk)
          await until("silence ended it", () => relay.ends.length === 1)
          assert.strictEqual(relay.ends[0]?.cause, "idle")
          await until("the reader saw it", () => to.closed())
        })
      }
    }))

  it.live("that is half-closed ends after halfCloseMs, whichever side has ended", () =>
    Effect.gen(function* () {
      for (const ending of ["client", "upstream"] as const) {
        const accepted: Array<Watched> = []
        const server = yield* serving((socket) => void accepted.push(watch(socket)))
        const relay = yield* relaying(server.port, { halfCloseMs: 60 })
        yield* Effect.promise(async () => {
          const client = await connect(relay.port)
          await until("joined", () => accepted.length === 1)
          const far = accepted[0] as Watched
          const [one, other] = ending === "client" ? [client, far] : [far, client]
          one.socket.end()
          await until("it is over", () => relay.ends.length === 1 && one.closed())
          assert.strictEqual(relay.ends[0]?.cause, "half-close-timeout")
          assert.strictEqual(one.error(), "ECONNRESET")
          // A side that has read to the end sees the reset only when it writes.
          other.socket.write("still there?")
          await until("the other side saw it", () => other.closed())
          assert.include(["ECONNRESET", "EPIPE"], other.error())
        })
      }
    }))

  it.live("has keep-alive on both of its sockets, and on neither when it is off", () =>
    Effect.gen(function* () {
      const server = yield* serving(() => {})
      const session = Effect.fnUntraced(function* (keepAliveMs: number) {
        const relay = yield* relaying(server.port, { keepAliveMs })
        const client = yield* Effect.promise(() => connect(relay.port))
        yield* Effect.promise(() => until("joined", () => relay.relayed.length === 1))
        const pair = relay.relayed[0] as Relayed
        const ports = [[relay.port, client.socket.localPort ?? 0], [pair.upstream.socket.localPort ?? 0, server.port]]
        return () => ports.map(([port, peer]) => keepAliveTimerMs(port as number, peer as number))
      })
      // The session without keep-alive is older: once the other one has its timers, this one would have them too.
      const without = yield* session(0)
      const having = yield* session(7_000)
      if (process.platform !== "linux") return
      yield* Effect.promise(() => until("kept alive", () => having().every((leftMs) => leftMs > 0 && leftMs <= 7_000)))
      assert.deepStrictEqual(without(), [-1, -1])
    }))
})

/** The time that is left on a connection's keep-alive timer, -1 when the kernel has none for it. */
function keepAliveTimerMs(port: number, peerPort: number): number {
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, "0")
  const rows = readFileSync("/proc/net/tcp", "utf8").split("\n").map((row) => row.trim().split(/\s+/))
  const row = rows.find(([, local, remote, state]) =>
    state === "01" && local?.endsWith(`:${hex(port)}`) && remote?.endsWith(`:${hex(peerPort)}`)
  )
  const [kind, centiseconds] = (row?.[5] ?? "").split(":")
  return kind === "02" ? Number.parseInt(centiseconds ?? "", 16) * 10 : -1
}

describe("a socket of this runtime", () => {
  it("has no user timeout, as docs/operations.md says", () => {
    // Once a runtime offers one, session.userTimeout is possible, and docs/operations.md must say so.
    const socket = new net.Socket()
    const names: Array<string> = []
    for (let one: object | null = socket; one !== null; one = Object.getPrototypeOf(one)) {
      names.push(...Object.getOwnPropertyNames(one))
    }
    assert.include(names, "setKeepAlive")
    assert.deepStrictEqual(names.filter((name) => /user_?timeout|set_?(sock)?_?opt/i.test(name)), [])
    assert.match(readFileSync("docs/operations.md", "utf8"), /there is no `session.userTimeout`/)
  })
})
