/** One DNS query of a name is answered late or never: the other answers serve meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import * as Candidates from "../../src/core/candidates.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Resolver } from "../../src/plane/ports/Resolver.ts"
import { networks } from "../support/access.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { configWith } from "../support/config.ts"
import type { Manner } from "../support/dnsServer.ts"
import { dnsServer } from "../support/dnsServer.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import { ask, serve, until } from "../support/servers.ts"

const NAME = "web.test"
const TIMEOUT_MS = 6_000
/** A client that waits for the silent query needs almost `TIMEOUT_MS`. */
const SOON_MS = 1_500

/** Answers on every IPv4 loopback address with that address. */
const everywhere = Effect.acquireRelease(
  Effect.promise(() =>
    serve((socket) => void socket.once("data", () => socket.end(socket.localAddress ?? "")), 0, "0.0.0.0")
  ),
  (server) => Effect.promise(() => server.stop())
)

const MUTE: Manner = { mute: ["A", "AAAA"] }
const SILENT_AAAA: Manner = { mute: ["AAAA"] }

/** A forwarder to `NAME`, resolved by servers with these manners and addresses; its record must replay. */
const forwarding = <A>(
  servers: ReadonlyArray<readonly [manner: Manner, addresses: ReadonlyArray<string>]>,
  upstream: UpstreamChanges,
  use: (live: Live) => Promise<A>,
  more: Partial<Config> = {},
  resolver?: Layer.Layer<Resolver>
) =>
  Effect.gen(function* () {
    const { port } = yield* everywhere
    const running = yield* Effect.forEach(servers, ([manner, addresses]) => dnsServer({ [NAME]: addresses }, manner))
    const dns = { timeoutMs: TIMEOUT_MS, servers: running.map((one) => `127.0.0.1:${one.port}`) }
    const config = { ...configWith([{ host: NAME, port, ...upstream, dns }]), ...more }
    const { result, segments } = yield* withLive(config, (live) => Effect.promise(() => use(live)), {}, undefined, resolver)
    const verdict = replayText(segments)
    assert.deepStrictEqual([verdict.outcome, verdict.problem], ["verified", null])
    return result
  })

const timed = async (port: number) => {
  const beganMs = performance.now()
  const answer = await ask(port)
  return { answer, tookMs: performance.now() - beganMs }
}
const servedSoon = async (port: number, by = "127.0.0.2") => {
  const { answer, tookMs } = await timed(port)
  assert.strictEqual(answer, by)
  assert.isBelow(tookMs, SOON_MS)
}
const listed = ({ engine }: Live) => {
  const state = engine.stateUnsafe()
  const ids = state.upstreams.chunks[0]?.[0]?.listed ?? []
  return ids.map((id) => Candidates.find(state, id)?.host ?? "?").toSorted()
}

const SILENCES = [
  ["when the AAAA query is never answered", [[SILENT_AAAA, ["127.0.0.2"]]]],
  ["when the A query is never answered", [[{ mute: ["A"] }, ["::ffff:127.0.0.2"]]]],
  ["when the AAAA query is answered two seconds late", [[{ afterMs: { AAAA: 2_000 } }, ["127.0.0.2"]]]],
  ["when the second of two servers never answers", [[{}, ["127.0.0.2"]], [MUTE, []]]]
] as const

describe.each(SILENCES)("%s", (_what, servers) => {
  it.live("the first client of a name is served by the other answer", () =>
    forwarding(servers, { preheat: false }, ({ port }) => servedSoon(port)))

  it.live("each client on the last resort is served by the other answer", () =>
    forwarding(servers, { bypass: true }, async ({ port }) => {
      for (let i = 0; i < 3; i++) await servedSoon(port)
    }))

  it.live("a preheated upstream gets its candidates from the other answer", () =>
    forwarding(servers, {}, async (live) => {
      await until("listed", () => listed(live).length > 0, SOON_MS)
      assert.deepStrictEqual(listed(live), ["127.0.0.2"])
    }))
})

describe("a late DNS answer", () => {
  const late: ReadonlyArray<readonly [Manner, ReadonlyArray<string>]> = [
    [{ afterMs: { AAAA: 700 } }, ["127.0.0.2", "::ffff:127.0.0.3"]]
  ]

  it.live(
    "adds a candidate as soon as it comes",
    () =>
      forwarding(late, {}, async (live) => {
        await until("listed", () => listed(live).length === 1, SOON_MS)
        // A second question would come after five seconds.
        await until("both", () => listed(live).length === 2, 3_000)
        assert.deepStrictEqual(listed(live), ["127.0.0.2", "127.0.0.3"])
      }),
    30_000
  )

  it.live("serves a client on the last resort when the access lists deny the first address", () =>
    forwarding(
      late,
      { bypass: true },
      ({ port }) => servedSoon(port, "127.0.0.3"),
      { access: { allow: [], deny: networks(["127.0.0.2"]) } }
    ))

  it.live("serves the client when the first answer has no address", () =>
    forwarding([[{}, []], [{ afterMs: { A: 700 } }, ["127.0.0.3"]]], { preheat: false }, async ({ port }) => {
      assert.strictEqual(await ask(port), "127.0.0.3")
    }))

  it.live("joins the first answer within `resolutionDelayMs`, and not after it", () => {
    const first = (resolutionDelayMs: number) =>
      forwarding(
        [[{ afterMs: { AAAA: 300 } }, ["127.0.0.2", "::ffff:127.0.0.3"]]],
        {},
        async (live) => {
          await until("listed", () => listed(live).length > 0)
          return listed(live)
        },
        {},
        NodeResolver.layerWith({ resolutionDelayMs })
      )
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* first(0), ["127.0.0.2"])
      assert.deepStrictEqual(yield* first(5_000), ["127.0.0.2", "127.0.0.3"])
    })
  })
})
