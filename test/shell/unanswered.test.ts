/** An address that accepts every connection and serves no client, over real sockets. */
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
/** What the address does after a client's request. */
const faults: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "resets after the request": (socket) => void socket.once("data", () => socket.resetAndDestroy()),
  "closes without an answer": (socket) => void socket.once("data", () => socket.end()).on("end", () => socket.end()),
  "never answers": (socket) => void socket.resume().on("end", () => socket.end()),
  "answers with a TLS alert": (socket) => void socket.once("data", () => socket.end(alert)).on("end", () => socket.end())
}
const good = (socket: net.Socket) => void socket.once("data", () => socket.end("good")).on("end", () => socket.end())
const CLIENTS = 60

/** The answer to a client that sends one request and waits at most 400 ms. */
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

/** The first candidate is selected first. On loopback no other is better by the margin, so the broken one stays. */
const only: UpstreamChanges = { selector: { activeSetSize: 1 }, pool: { mode: "off" }, probing: { intervalMs: 60_000 } }

describe("when the only member accepts connections and", () => {
  for (const [what, behave] of Object.entries(faults)) {
    it.live(`${what} from the start, all clients after the first few are served`, () =>
      Effect.gen(function* () {
        const bad = yield* serving(behave)
        const other = yield* serving(good)
        const candidates = [bad.port, other.port].map((port) => ({ host: "127.0.0.1", port }))
        const { result, segments } = yield* withLive(configWith([{ candidates, ...only }]), ({ engine, port }) =>
          Effect.promise(async () => {
            await until("both are measured", () =>
              isReady(engine.stateUnsafe()))
            const answers: Array<string> = []
            for (let i = 0; i < CLIENTS; i++) {
              const { seq } = engine.stateUnsafe()
              answers.push(await asks(port))
              await until("the core knows of the client and its end", () => engine.stateUnsafe().seq >= seq + 2)
            }
            return answers
          }))
        const failed = result.filter((answer) =>
          answer !== "good"
        ).length
        // Five, and the clients that came before the core handled the fifth failure.
        assert.isAtMost(failed, 10)
        assert.deepStrictEqual(result.slice(-20), Array.from({ length: 20 }, () => "good"))
        assert.deepInclude(replayText(segments), { outcome: "verified", problem: null })
      }), 30_000)
  }
})
