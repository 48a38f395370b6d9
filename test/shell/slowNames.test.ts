/** One question about a name that is answered late or never: what the others answered serves meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import * as Candidates from "../../src/core/candidates.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Resolver } from "../../src/shell/Resolver.ts"
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
/** A client that waits for the silent question needs almost `TIMEOUT_MS`. */
const SOON_MS = 1_500

/** Answers on every IPv4 loopback address, and says which one it was. */
const everywhere = Effect.acquireRelease(
  Effect.promise(() =>
    serve((socket) => void socket.once("data", () => socket.end(socket.localAddress ?? "")), 0, "0.0.0.0")
  ),
  (server) => Effect.promise(() => server.stop())
)

const MUTE: Manner = { mute: ["A", "AAAA"] }
const SILENT_AAAA: Manner = { mute: ["AAAA"] }

/** A forwarder to `NAME`, asked of servers of these manners that know these addresses; its record must replay to itself. */
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
  ["the question for IPv6 is never answered", [[SILENT_AAAA, ["127.0.0.2"]]]],
  ["the question for IPv4 is never answered", [[{ mute: ["A"] }, ["::ffff:127.0.0.2"]]]],
  ["the question for IPv6 is answered two seconds late", [[{ afterMs: { AAAA: 2_000 } }, ["127.0.0.2"]]]],
  ["the second of two servers is mute", [[{}, ["127.0.0.2"]], [MUTE, []]]]
] as const

describe.each(SILENCES)("%s", (_what, servers) => {
  it.live("the first client of a name is served by the answer that came", () =>
    forwarding(servers, { preheat: false }, ({ port }) => servedSoon(port)))

  it.live("every client on the last resort is served by the answer that came", () =>
    forwarding(servers, { bypass: true }, async ({ port }) => {
      for (let i = 0; i < 3; i++) await servedSoon(port)
    }))

  it.live("the candidates of a preheated upstream are known by the answer that came", () =>
    forwarding(servers, {}, async (live) => {
      await until("listed", () => listed(live).length > 0, SOON_MS)
      assert.deepStrictEqual(listed(live), ["127.0.0.2"])
    }))
})

describe("an answer that comes late", () => {
  const late: ReadonlyArray<readonly [Manner, ReadonlyArray<string>]> = [
    [{ afterMs: { AAAA: 700 } }, ["127.0.0.2", "::ffff:127.0.0.3"]]
  ]

  it.live(
    "joins the list of candidates as soon as it is there",
    () =>
      forwarding(late, {}, async (live) => {
        await until("listed", () => listed(live).length === 1, SOON_MS)
        // A second question would come after five seconds.
        await until("both", () => listed(live).length === 2, 3_000)
        assert.deepStrictEqual(listed(live), ["127.0.0.2", "127.0.0.3"])
      }),
    30_000
  )

  it.live("serves a client on its last resort when the first address must not be dialled", () =>
    forwarding(
      late,
      { bypass: true },
      ({ port }) => servedSoon(port, "127.0.0.3"),
      { access: { allow: [], deny: networks(["127.0.0.2"]) } }
    ))

  it.live("is waited for when the first one names no address", () =>
    forwarding([[{}, []], [{ afterMs: { A: 700 } }, ["127.0.0.3"]]], { preheat: false }, async ({ port }) => {
      assert.strictEqual(await ask(port), "127.0.0.3")
    }))

  it.live("within `resolutionDelayMs` is part of the first answer, and is none beyond that", () => {
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
