/**
 * Readers that stop. Two amounts are bounded: the bytes that the process holds for such a connection, by its sockets and
 * its memory, and the bytes that its sender can send, kernel buffers included.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as net from "node:net"
import { liveBytes } from "../support/memory.ts"
import type { Relayed } from "../support/relaying.ts"
import { relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import type { Watched } from "../support/sockets.ts"
import { connect, digestOf, pattern, watch } from "../support/sockets.ts"

const CONNECTIONS = 40
const MIB = 1024 * 1024
const payload = pattern(24 * MIB, 5)
const expected = digestOf(payload)

describe("a reader that stops", () => {
  for (const direction of ["up", "down"] as const) {
    it.live(`costs less than 1 MiB per connection and loses nothing (${direction})`, () =>
      Effect.gen(function* () {
        const accepted: Array<Watched> = []
        const server = yield* serving((socket) => void accepted.push(watch(socket)))
        const relay = yield* relaying(server.port)
        yield* Effect.promise(async () => {
          const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(relay.port)))
          await until("all joined", () => accepted.length === CONNECTIONS && relay.relayed.length === CONNECTIONS)
          const [senders, readers] = direction === "up" ? [clients, accepted] : [accepted, clients]
          for (const { socket } of readers) socket.pause()
          const beforeBytes = liveBytes()
          for (const { socket } of senders) send(socket)
          await stalled(senders)

          const grownBytes = liveBytes() - beforeBytes
          assert.isBelow(grownBytes / CONNECTIONS, MIB, "memory of the process, senders and readers included")
          for (const pair of relay.relayed) assert.isBelow(held(pair), MIB)
          const underWay = senders.reduce((sum, { socket }) => sum + handedOver(socket), 0)
            - readers.reduce((sum, reader) => sum + reader.bytes(), 0)
          assert.isBelow(underWay / CONNECTIONS, 16 * MIB, "held by relay and kernel together")

          for (const { socket } of readers) socket.resume()
          await until("everything arrived", () => readers.every((reader) => reader.ended()), 25_000)
          assert.deepStrictEqual(new Set(readers.map((reader) => reader.digest())), new Set([expected]))
        })
      }))
  }
})

describe("a reader that stops between small writes", () => {
  it.live("gets each of them unchanged, though the relay read later ones before it could write", () =>
    Effect.gen(function* () {
      const accepted: Array<Watched> = []
      const server = yield* serving((socket) => void accepted.push(watch(socket)))
      const relay = yield* relaying(server.port)
      yield* Effect.promise(async () => {
        const client = await connect(relay.port)
        await until("joined", () => accepted.length === 1 && relay.relayed.length === 1)
        const { client: near, upstream: far } = relay.relayed[0] as Relayed
        client.socket.pause()
        let sent = 0
        while (near.socket.writableLength < 40_000) {
          accepted[0]?.socket.write(payload.subarray(sent, sent + 20_000))
          sent += 20_000
          await soon("the piece was read", () => far.socket.bytesRead === sent || near.socket.writableLength >= 40_000)
        }
        client.socket.resume()
        await until("all arrived", () => client.bytes() === sent)
        assert.strictEqual(client.digest(), digestOf(payload.subarray(0, sent)))
      })
    }))
})

/** Like `until`, for a condition that holds within a turn or two of the event loop. */
async function soon(what: string, holds: () => boolean): Promise<void> {
  for (let rounds = 0; rounds < 1_000; rounds++) {
    if (holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(what, holds)
}

/** Sends the payload in slices, each when the one before it has left, so that the sender itself holds little. */
function send(socket: net.Socket): void {
  let sent = 0
  const next = () => {
    if (sent >= payload.length) return void socket.end()
    const slice = payload.subarray(sent, sent + 64 * 1024)
    sent += slice.length
    socket.write(slice, next)
  }
  next()
}

/** Bytes of the sender that the kernel has taken. */
function handedOver(socket: net.Socket): number {
  return socket.bytesWritten - socket.writableLength
}

/** Waits until no sender has sent a byte for half a second. */
async function stalled(senders: ReadonlyArray<Watched>): Promise<void> {
  let last = -1
  let sinceMs = performance.now()
  await until("the senders are held up", () => {
    const now = senders.reduce((sum, { socket }) => sum + handedOver(socket), 0)
    if (now !== last) sinceMs = performance.now()
    last = now
    return performance.now() - sinceMs > 500
  }, 20_000)
}

/** Bytes that the relay keeps in this process for one connection. */
function held({ client, upstream }: Relayed): number {
  return [client.socket, upstream.socket].reduce((sum, socket) => sum + socket.readableLength + socket.writableLength, 0)
}
