/** An address that takes every connection first and serves no client, over real sockets, for listeners and inside a program. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as net from "node:net"
import { isReady } from "../../src/core/ready.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { configWith } from "../support/config.ts"
import { replayText, withLive } from "../support/live.ts"
import { serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"

const alert = Buffer.from([21, 3, 3, 0, 2, 2, 40])
/** What the address does with a client's question. */
const faults: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "resets after the request": (socket) => void socket.once("data", () => socket.resetAndDestroy()),
  "closes politely": (socket) => void socket.once("data", () => socket.end()).on("end", () => socket.end()),
  "never answers": (socket) => void socket.resume().on("end", () => socket.end()),
  "answers with an alert of TLS": (socket) => void socket.once("data", () => socket.end(alert)).on("end", () => socket.end())
}
const good = (socket: net.Socket) => void socket.once("data", () => socket.end("good")).on("end", () => socket.end())
const CLIENTS = 60

/** What a client gets that asks once and waits for 400 ms at most. */
function asks(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write("\x16?"))
    let answer = ""
    const leave = setTimeout(() => socket.end(), 400)
    socket.on("data", (chunk) => (answer += String(chunk)))
    socket.on("error", () => {})
    socket.on("close", () => {
      clearTimeout(leave)
      resolve(answer)
    })
  })
}

/** Who is asked first serves first, and on loopback nobody is better by the margin: the broken one is the only member. */
const only: UpstreamChanges = { selector: { activeSetSize: 1 }, pool: { mode: "off" }, probing: { intervalMs: 60_000 } }

describe("the only member takes connections and", () => {
  for (const [what, behave] of Object.entries(faults)) {
    it.live(`${what} from the start: after a few clients all others are served`, () =>
      Effect.gen(function* () {
        const bad = yield* serving(behave)
        const other = yield* serving(good)
        const candidates = [bad.port, other.port].map((port) => ({ host: "127.0.0.1", port }))
        const { result, segments } = yield* withLive(configWith([{ candidates, ...only }]), ({ engine, port }) =>
          Effect.promise(async () => {
            await until("both are measured", () =>
              isReady(engine.stateUnsafe()))
            const answers: Array<string> = []
            for (let i = 0; i < CLIENTS; i++) answers.push(await asks(port))
            return answers
          }))
        const failed = result.filter((answer) =>
          answer !== "good"
        ).length
        // Five, and who came before the core had heard of the fifth.
        assert.isAtMost(failed, 10)
        assert.deepStrictEqual(result.slice(-20), Array.from({ length: 20 }, () => "good"))
        assert.deepInclude(replayText(segments), { outcome: "verified", problem: null })
      }), 30_000)
  }
})
