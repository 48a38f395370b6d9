/** Inside a program: an address that accepts every connection and serves no client, over plain sockets and TLS. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import type { Socket } from "node:net"
import * as tls from "node:tls"
import type { FairleadConfig } from "../../src/mod.ts"
import { Fairlead } from "../../src/mod.ts"
import { cert, key } from "../support/certificate.ts"
import { serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"

const CLIENTS = 40
/** From one client's end to the next one: longer than events gather before the core hears of them (`limits.gather`). */
const APART_MS = 5
const alert = Buffer.from([21, 3, 3, 0, 2, 2, 40])

/** The broken candidate is measured first, and the other is not better by the margin: only the broken one is a member. */
const configOf = (...ports: ReadonlyArray<number>): FairleadConfig => ({
  onDemand: { enabled: false },
  pool: { mode: "off" },
  probing: { interval: "1m" },
  selector: { activeSetSize: 1, evaluationInterval: "20ms" },
  upstreams: { web: { candidates: ports.map((port) => `127.0.0.1:${port}`) } }
})

/** The answer to one connection after the other: `good`, or nothing within 400 ms. */
const uses = (config: FairleadConfig, use: (socket: Socket) => Promise<string>) =>
  Effect.gen(function* () {
    const { connect, pick } = yield* Fairlead
    yield* Effect.promise(() => until("one is chosen", () => Effect.runSync(Effect.option(pick("web")))._tag === "Some"))
    const answers: Array<string> = []
    for (let i = 0; i < CLIENTS; i++) {
      const socket = yield* connect("web")
      answers.push(yield* Effect.promise(() => use(socket)))
      yield* Effect.sleep(APART_MS)
    }
    return answers
  }).pipe(Effect.provide(Fairlead.layer(config)))

/** The answer of a socket to a question, until it ends. */
function answerOf(socket: Socket, question: () => void): Promise<string> {
  return new Promise((resolve) => {
    let answer = ""
    const leave = setTimeout(() => socket.destroy(), 400)
    socket.on("data", (chunk) => (answer += String(chunk)))
    socket.on("error", () => {})
    socket.on("close", () => {
      clearTimeout(leave)
      resolve(answer)
    })
    question()
  })
}

const faults: Readonly<Record<string, (socket: Socket) => void>> = {
  "resets after the request": (socket) => void socket.once("data", () => socket.resetAndDestroy()),
  "closes without an answer": (socket) => void socket.once("data", () => socket.end()).on("end", () => socket.end()),
  "never answers": (socket) => void socket.resume().on("end", () => socket.end())
}

describe("a program with one member, which accepts connections and", () => {
  for (const [what, behave] of Object.entries(faults)) {
    it.live(`${what} is served by the other candidate after at most ten failures`, () =>
      Effect.gen(function* () {
        const bad = yield* serving(behave)
        const good = yield* serving((socket) => void socket.once("data", () => socket.end("good")))
        const answers = yield* uses(configOf(bad.port, good.port), (socket) => answerOf(socket, () => socket.write("?")))
        assert.isAtMost(answers.filter((one) => one !== "good").length, 10)
        assert.strictEqual(answers.at(-1), "good")
      }).pipe(Effect.scoped), 30_000)
  }

  it.live("answers TLS with an alert is served by the other one after at most ten failures", () =>
    Effect.gen(function* () {
      const context = tls.createSecureContext({ key, cert })
      const bad = yield* serving((socket) => void socket.once("data", () => socket.end(alert)).on("end", () => socket.end()))
      const good = yield* serving((socket) => {
        const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: context })
        secure.on("error", () => {})
        secure.once("data", () => secure.end("good"))
      })
      const answers = yield* uses(configOf(bad.port, good.port), (socket) => {
        const secure = tls.connect({ socket, servername: "localhost", ca: cert })
        return answerOf(secure, () => secure.write("?"))
      })
      assert.isAtMost(answers.filter((one) => one !== "good").length, 10)
      assert.strictEqual(answers.at(-1), "good")
    }).pipe(Effect.scoped), 30_000)
})
