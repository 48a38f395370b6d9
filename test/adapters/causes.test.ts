/** The side that ends first decides the cause of a session's end; after the client's end the upstream is not at fault. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as net from "node:net"
import type { CloseCause } from "../../src/core/model/Event.ts"
import { relaying, serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

type Behave = (socket: net.Socket) => void

interface Case {
  readonly what: string
  readonly upstream: Behave
  /** Gets a connected client. */
  readonly client: Behave
  readonly cause: CloseCause
}

/** Reads everything, sends nothing, and ends after the client. */
const sink: Behave = (socket) => void socket.resume().on("end", () => socket.end())

const cases: ReadonlyArray<Case> = [
  {
    what: "a client sends and ends, and the upstream ends after it without an answer",
    upstream: sink,
    client: (socket) => void socket.end("log line"),
    cause: "done"
  },
  { what: "a client ends at once", upstream: sink, client: (socket) => void socket.end(), cause: "done" },
  {
    what: "a client sends and ends, and the upstream resets after that",
    upstream: (socket) => void socket.resume().on("end", () => socket.resetAndDestroy()),
    client: (socket) => void socket.end("?"),
    cause: "done"
  },
  {
    what: "the upstream ends first, without an answer, and reads all that the client still sends",
    upstream: (socket) => void socket.once("data", () => socket.end()).resume(),
    client: (socket) => void socket.on("end", () => socket.end("the rest")).write("the beginning"),
    cause: "done"
  },
  {
    what: "the upstream ends first, without an answer, and the client ends after it",
    upstream: (socket) => void socket.once("data", () => socket.end()),
    client: (socket) => void socket.on("end", () => socket.end()).write("?"),
    cause: "upstream-closed"
  },
  {
    what: "the upstream resets a client that waits",
    upstream: (socket) => void socket.once("data", () => socket.resetAndDestroy()),
    client: (socket) => void socket.write("?"),
    cause: "upstream-reset"
  },
  {
    what: "the upstream resets in the middle of its answer to a client that had ended",
    upstream: (socket) => void socket.resume().on("end", () => socket.write("half", () => socket.resetAndDestroy())),
    client: (socket) => void socket.end("?"),
    cause: "upstream-reset"
  },
  {
    what: "the client resets while it waits",
    upstream: (socket) => void socket.resume(),
    client: (socket) => void socket.write("?", () => socket.resetAndDestroy()),
    cause: "client-reset"
  }
]

describe("a session ends with the cause", () => {
  for (const { what, upstream, client, cause } of cases) {
    it.live(`${cause} when ${what}`, () =>
      Effect.gen(function* () {
        const server = yield* serving(upstream)
        const relay = yield* relaying(server.port)
        yield* Effect.promise(async () => {
          const { socket } = await connect(relay.port)
          await until("it is joined", () => relay.relayed.length === 1)
          client(socket)
          await until("it is over", () => relay.ends.length === 1)
        })
        assert.strictEqual(relay.ends[0]?.cause, cause)
      }))
  }
})
