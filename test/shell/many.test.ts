/** 2,000 clients at once, and thousands of short ones that leave nothing behind (100,000 with FAIRLEAD_DEEP=1). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as net from "node:net"
import process from "node:process"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import { connectionsOf } from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { isReady } from "../../src/core/ready.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { upstreamTarget } from "../../src/plane/Target.ts"
import { configWith } from "../support/config.ts"
import { activeHandles, descriptors } from "../support/descriptors.ts"
import { liveBytes } from "../support/memory.ts"
import { serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"

const SHORT_ONES = process.env["FAIRLEAD_DEEP"] === "1" ? 100_000 : 3_000
const IN_PARALLEL = 32
const MIB = 1024 * 1024

/** A forwarder to one upstream that echoes. */
const forwarding = <A>(
  use: (
    parts: { engine: Engine["Service"]; acceptor: Acceptor["Service"]; port: number; sockets: Set<net.Socket> }
  ) => Promise<A>
) =>
  Effect.gen(function* () {
    const server = yield* serving((socket) =>
      void socket.on("end", () => socket.end()).on("data", (data) => socket.write(data))
    )
    const config = configWith([{ candidates: [{ host: "127.0.0.1", port: server.port }], pool: { mode: "off" } }])
    const engine = Engine.layer({ config, seed: 1, mailbox: 65_536, turnMs: 2, gatherMs: 2, restartDelayMs: 10 })
    const listener = {
      name: "web",
      listen: { host: "127.0.0.1", port: 0 },
      target: upstreamTarget("web"),
      maxConnections: 10_000,
      backlog: 512
    }
    const layer = Acceptor.layer([listener]).pipe(
      Layer.provideMerge(engine),
      Layer.provideMerge(Plane.layer),
      Layer.provideMerge(Layer.mergeAll(NodeTransport.layer, NodeResolver.layer, NoRecorder.layer))
    )
    return yield* Effect.gen(function* () {
      const engine = yield* Engine
      const acceptor = yield* Acceptor
      const port = acceptor.statusUnsafe()[0]?.listen.port ?? 0
      return yield* Effect.promise(async () => {
        await until("ready", () => isReady(engine.stateUnsafe()))
        return use({ engine, acceptor, port, sockets: server.sockets })
      })
    }).pipe(Effect.provide(layer), Effect.scoped)
  })

/** Connects, sends 64 bytes, waits for them to come back, and ends. */
function short(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write("x".repeat(64)))
    socket.on("data", (data) => {
      bytes += data.length
      if (bytes === 64) socket.end()
    })
    socket.on("error", reject)
    socket.on("close", () => (bytes === 64 ? resolve() : reject(new Error(`${bytes} bytes came back`))))
  })
}

async function shortOnes(port: number, count: number): Promise<void> {
  let left = count
  const worker = async () => {
    while (left-- > 0) await short(port)
  }
  await Promise.all(Array.from({ length: IN_PARALLEL }, worker))
}

describe("many clients", () => {
  it.live("2,000 at once each get their own bytes back", () =>
    forwarding(async ({ acceptor, engine, port, sockets }) => {
      const clients: Array<Awaited<ReturnType<typeof connect>>> = []
      while (clients.length < 2_000) {
        clients.push(...await Promise.all(Array.from({ length: 100 }, () => connect(port))))
      }
      clients.forEach(({ socket }, i) => socket.write(`client ${i}`))
      await until(
        "all clients have their answer",
        () => clients.every((client, i) => client.bytes() === `client ${i}`.length),
        20_000
      )
      assert.isTrue(clients.every((client, i) => client.text() === `client ${i}`))
      assert.deepInclude(acceptor.statusUnsafe()[0], { connections: 2_000, waiting: 0, refused: 0 })
      await until("the core counts them", () => coreConnections(engine) === 2_000)
      for (const { socket } of clients) socket.end()
      await until("all have left", () => clients.every((client) => client.closed()) && sockets.size === 0, 20_000)
      await until("all counts are zero", () => acceptor.counts.candidates === 0 && coreConnections(engine) === 0)
    }))

  it.live(
    `${SHORT_ONES.toLocaleString("en")} short connections leave no socket, timer, count or memory behind`,
    () =>
      forwarding(async ({ acceptor, engine, port, sockets }) => {
        const quiet = async () => {
          await until("all have left", () => sockets.size === 0 && acceptor.statusUnsafe()[0]?.connections === 0)
          await until("all counts are zero", () => acceptor.counts.candidates === 0 && coreConnections(engine) === 0)
        }
        await shortOnes(port, 1_000)
        await quiet()
        const before = { descriptors: descriptors(), handles: activeHandles(), bytes: liveBytes() }
        await shortOnes(port, SHORT_ONES)
        await quiet()
        const noMore = (now: number | undefined, then: number | undefined) => now === undefined || now <= (then ?? 0)
        await until("no descriptor is left", () => noMore(descriptors(), before.descriptors))
        await until("no socket or timer is left", () => noMore(activeHandles(), before.handles))
        // The memory of collected buffers is freed a little after the collection.
        await until("no memory is left", () => liveBytes() - before.bytes < 4 * MIB)
        assert.strictEqual(acceptor.statusUnsafe()[0]?.accepted, 1_000 + SHORT_ONES)
      }),
    SHORT_ONES > 3_000 ? 600_000 : 30_000
  )
})

function coreConnections(engine: Engine["Service"]): number {
  const candidates = Vector.toArray(engine.stateUnsafe().candidates)
  return candidates.reduce((sum, one) => sum + (one === null ? 0 : connectionsOf(one)), 0)
}
