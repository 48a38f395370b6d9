/** Access lists and source switches over real sockets: a reload removes a candidate at once, and its sessions stay. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import { arrange } from "../../src/core/arrange.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { networks } from "../support/access.ts"
import { configWith } from "../support/config.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import { serve, until } from "../support/servers.ts"

const [one, two] = ["127.0.0.1", "127.0.0.2"] as const
/** Answers on every loopback address with that address, and keeps the connections to each. */
const everywhere = Effect.acquireRelease(
  Effect.promise(() =>
    serve(
      (socket) => {
        socket.on("data", () => socket.write(`${socket.localAddress}.`))
        socket.on("end", () => socket.end())
      },
      0,
      "0.0.0.0"
    )
  ),
  (server) => Effect.promise(() => server.stop())
)
const reload = ({ engine }: Live, next: Config) =>
  engine.controlUnsafe({ _tag: "ConfigChanged", worker: 0, config: arrange(engine.stateUnsafe().config, next) })
const dialled = ({ engine }: Live) => {
  const [web] = engine.routesUnsafe().upstreams
  const plans = web === undefined ? [] : [web.lastResort, ...web.members.map(({ plan }) => plan)]
  return new Set(plans.flatMap(({ attempts }) => attempts.map(({ host }) => host)))
}
/** Sends one request through the forwarder and keeps the session open. */
async function session(port: number) {
  let answers = ""
  const socket = net.connect({ port, host: "127.0.0.1" })
  socket.on("data", (chunk) => (answers += chunk))
  socket.write("?")
  await until("it is answered", () => answers.endsWith("."))
  const again = async () => {
    const before = answers.length
    socket.write("?")
    await until("it is answered again", () => answers.length > before)
  }
  return { of: answers.slice(0, -1), again, socket }
}

describe("a reload", () => {
  it.live.each<readonly [string, (config: Config) => Config]>([
    ["denies the serving address", (config) => ({ ...config, access: { allow: [], deny: networks([one]) } })],
    ["allows only other addresses", (config) => ({ ...config, access: { allow: networks(["127.0.0.2/31"]), deny: [] } })],
    ["disables the serving address's source", (config) => ({ ...config, sources: { ...config.sources, userStatic: false } })]
  ])("that %s ends its plans, warm sockets and new clients, but not its session", ([, change]) =>
    Effect.gen(function* () {
      const { port, sockets } = yield* everywhere
      const candidates = [{ host: one, port }]
      const builtin = [{ host: "web.test", addresses: [two] }]
      const sources = { builtin: true, userStatic: true, history: true, dns: false, fallback: true }
      const changes = { candidates, host: "web.test", port, pool: { mode: "fixed", size: 2 } } as const
      // The reload removes the better address; before it, no other one may be dialled.
      const first: Config = { ...configWith([changes]), builtin: [], sources }
      const { segments } = yield* withLive(first, (live) =>
        Effect.promise(async () => {
          const connected = (host: string) => [...sockets].filter(({ localAddress }) => localAddress === host).length
          await until("warm sockets wait", () => live.acceptor.warmPool.size === 2)
          const kept = await session(live.port)
          assert.strictEqual(kept.of, one)
          const next = change({ ...first, builtin })
          reload(live, next)
          await until("the other one serves", () => dialled(live).has(two) && !dialled(live).has(one))
          await until("the session alone is left", () => connected(one) === 1)
          for (let i = 0; i < 5; i++) {
            const { of, socket } = await session(live.port)
            assert.strictEqual(of, two)
            socket.end()
          }
          await kept.again()
          assert.strictEqual(connected(one), 1)
          kept.socket.end()
        }))
      const verdict = replayText(segments)
      assert.deepStrictEqual([verdict.outcome, verdict.problem], ["verified", null])
    }))
})
