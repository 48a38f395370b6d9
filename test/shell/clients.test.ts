/** Many real clients: order, limits, different ends, and counts of shell and core that agree once all is idle. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as net from "node:net"
import { connectionsOf } from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { State } from "../../src/core/model/State.ts"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import { serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import type { Watched } from "../support/sockets.ts"
import { connect } from "../support/sockets.ts"

const addressOf = ({ port }: { readonly port: number }) => ({ host: "127.0.0.1", port })

/** Echoes each line, and ends the connection as the line says: "reset", "end", "hold" or "drop". */
const obliging = serving((socket: net.Socket) => {
  socket.setEncoding("utf8")
  socket.on("end", () => socket.end())
  socket.on("data", (text: unknown) => {
    if (text === "reset") return void socket.resetAndDestroy()
    if (text === "drop") return void socket.destroy()
    socket.write(text as string)
    if (text === "end") socket.end()
  })
})

const connections = (state: State) =>
  Vector.toArray(state.candidates).flatMap((one) => (one === null ? [] : [[one.id, connectionsOf(one)] as const]))

async function atRest({ engine, acceptor }: Live, open: number): Promise<void> {
  await until("only the staying sessions are open", () => acceptor.statusUnsafe()[0]?.connections === open)
  await until(
    "the core has the same counts",
    () => connections(engine.stateUnsafe()).every(([id, count]) => count === acceptor.counts.of(id))
  )
}

describe("clients", () => {
  it.live("above maxConnections are served in order of arrival", () =>
    Effect.gen(function* () {
      const server = yield* obliging
      const config = configWith([{ candidates: [addressOf(server)] }])
      yield* withLive(
        config,
        (live) =>
          Effect.promise(async () => {
            await until("ready", () => isReady(live.engine.stateUnsafe()))
            const clients: Array<Watched> = []
            for (let i = 0; i < 12; i++) {
              const client = await connect(live.port)
              client.socket.write(`client ${i}`)
              clients.push(client)
              await until("it was seen", () => {
                const { connections = 0, waiting = 0 } = live.acceptor.statusUnsafe()[0] ?? {}
                return connections + waiting === i + 1
              })
            }
            const served = () => clients.map((client, i) => (client.text() === `client ${i}` ? i : -1)).filter((i) => i >= 0)
            for (let i = 0; i < 12; i++) {
              const expected = Array.from({ length: Math.min(12, i + 2) }, (_, k) => k)
              await until("two are served at a time", () => served().length === expected.length)
              assert.deepStrictEqual(served(), expected)
              clients[i]?.socket.end()
              await until("it has left", () => clients[i]?.closed() === true)
            }
            await atRest(live, 0)
          }),
        {},
        2
      )
    }))

  it.live("beyond a full backlog are reset, and all others are served", () =>
    Effect.gen(function* () {
      const server = yield* obliging
      const config = configWith([{ candidates: [addressOf(server)] }])
      yield* withLive(
        config,
        (live) =>
          Effect.promise(async () => {
            await until("ready", () => isReady(live.engine.stateUnsafe()))
            const clients = await Promise.all(Array.from({ length: 520 }, () => connect(live.port)))
            await until("all were seen", () => {
              const { connections = 0, waiting = 0, refused = 0 } = live.acceptor.statusUnsafe()[0] ?? {}
              return connections + waiting + refused === 520
            })
            assert.deepInclude(live.acceptor.statusUnsafe()[0], { connections: 1, waiting: 512, refused: 7 })
            await until("seven were reset", () => clients.filter((client) => client.closed()).length === 7)
            assert.strictEqual(clients.filter((client) => client.error() === "ECONNRESET").length, 7)
            for (const { socket } of clients) socket.end("all right")
            await until("all others are served", () => clients.every((client) => client.closed()), 20_000)
            assert.strictEqual(clients.filter((client) => client.text() === "all right").length, 513)
          }),
        {},
        1
      )
    }))

  it.live("are all served, 300 at once, when the mailbox has only 5 permits", () =>
    Effect.gen(function* () {
      const server = yield* obliging
      const config = configWith([{ candidates: [addressOf(server)] }])
      const { segments } = yield* withLive(config, (live) =>
        Effect.promise(async () => {
          await until("ready", () => isReady(live.engine.stateUnsafe()))
          const clients = await Promise.all(Array.from({ length: 300 }, () => connect(live.port)))
          for (const { socket } of clients) socket.end("here")
          await until("all are served", () => clients.every((client) => client.closed()), 20_000)
          assert.deepStrictEqual(new Set(clients.map((client) => client.text())), new Set(["here"]))
          await atRest(live, 0)
        }), { mailbox: 5 })
      const verdict = replayText(segments)
      assert.deepInclude(verdict, { outcome: "verified", choices: { checked: 300, unjudged: 0 } })
    }))

  it.live("that end in seven different ways are counted alike by shell and core once all is idle", () =>
    Effect.gen(function* () {
      const servers = [yield* obliging, yield* obliging, yield* obliging]
      const config = configWith([{
        candidates: servers.map(addressOf),
        balancing: { toleranceMs: 10_000 },
        pool: { mode: "off" }
      }])
      const { segments } = yield* withLive(config, (live) =>
        Effect.promise(async () => {
          await until("ready", () => isReady(live.engine.stateUnsafe()))
          const staying: Array<Watched> = []
          for (let i = 0; i < 400; i++) await oneClient(live, i, staying)
          await atRest(live, staying.length)
          const held = connections(live.engine.stateUnsafe()).map(([, count]) => count)
          assert.strictEqual(held.reduce((sum, count) => sum + count, 0), staying.length)
          assert.isAbove(staying.length, 20)
          assert.isTrue(held.every((count) => count > 0), `balanced over all: ${held}`)
          for (const { socket } of staying) socket.resetAndDestroy()
          await atRest(live, 0)
          assert.strictEqual(live.acceptor.counts.candidates, 0)
          await until("no server holds a socket", () => servers.every(({ sockets }) => sockets.size === 0))
        }))
      assert.deepInclude(replayText(segments), { outcome: "verified", choices: { checked: 400, unjudged: 0 } })
    }))

  it.live("that end within the drain limit close without an error, and the others are reset", () =>
    Effect.gen(function* () {
      const server = yield* obliging
      const config = configWith([{ candidates: [addressOf(server)] }])
      yield* withLive(config, (live) =>
        Effect.gen(function* () {
          const clients = yield* Effect.promise(async () => {
            await until("ready", () => isReady(live.engine.stateUnsafe()))
            const clients = await Promise.all(Array.from({ length: 6 }, () => connect(live.port)))
            for (const { socket } of clients) socket.write("here")
            await until("all are served", () => clients.every((client) => client.text() === "here"))
            return clients
          })
          const leaving = clients.slice(0, 4)
          for (const { socket } of leaving) socket.end()
          assert.strictEqual(yield* live.acceptor.drain(500), 2)
          yield* Effect.promise(async () => {
            await until("all are gone", () => clients.every((client) => client.closed()))
            const errors = clients.map((client) => client.error())
            assert.deepStrictEqual(errors, [...Array(4).fill(undefined), "ECONNRESET", "ECONNRESET"])
            const late = await connect(live.port)
            await until("a latecomer is refused", () => late.error() !== undefined)
            await atRest(live, 0)
          })
        }))
    }))
})

/** A client that ends in one of seven ways, chosen by its number so that each run is the same. */
async function oneClient(live: Live, i: number, staying: Array<Watched>): Promise<void> {
  const client = await connect(live.port)
  const { socket } = client
  const way = Math.imul(i + 1, 0x9e3779b1) >>> 0
  switch (way % 7) {
    case 0:
      return void socket.resetAndDestroy()
    case 1:
      return void socket.end()
    case 2:
      return void socket.destroy()
    case 3:
      return void socket.write("reset")
    case 4:
      socket.on("end", () => socket.end())
      return void socket.write((way >>> 8) % 2 === 0 ? "end" : "drop")
    case 5:
      socket.write("half")
      return void socket.end()
    default:
      socket.write("hold")
      staying.push(client)
      await until("it is served", () => client.text() === "hold")
  }
}
