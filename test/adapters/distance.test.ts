/** The demo's simulated distance, over real sockets on loopback. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { request } from "../../src/adapters/demo/request.ts"
import { distant } from "../../src/adapters/demo/distance.ts"
import type { Site } from "../../src/adapters/demo/Site.ts"
import * as Sites from "../../src/adapters/demo/Site.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { Address } from "../../src/core/model/Config.ts"
import type { DialFailure } from "../../src/core/model/Event.ts"
import { plainForwarder, roundRobin } from "../../src/apps/demo/plainForwarder.ts"
import { settingsFor } from "../../src/apps/demo/settings.ts"
import type { UpstreamSocket } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { serving } from "../support/relaying.ts"

const half = () => 0.5

const withSites = <A, E>(
  use: (sites: ReadonlyArray<Site>, near: Transport["Service"]) => Effect.Effect<A, E, Scope.Scope>
) =>
  Effect.gen(function* () {
    const sites = yield* Effect.forEach([1, 2], (rttMs, i) => Sites.open(i, `web#${i + 1}`, rttMs, half))
    return yield* use(sites, yield* Transport)
  }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer))

const dialled = (transport: Transport["Service"], { address }: Site) =>
  Effect.callback<UpstreamSocket | DialFailure>((resume) => {
    const cancel = transport.dialUnsafe(address, 0, (result) => resume(Effect.succeed(result)))
    return Effect.sync(cancel)
  })

const asked = (port: number, patienceMs = 10_000) =>
  Effect.callback<string>((resume) => {
    const cancel = request(port, patienceMs, ({ by }) => resume(Effect.succeed(by)))
    return Effect.sync(cancel)
  })

const upstreamOf = (sites: ReadonlyArray<Site>) =>
  settingsFor(sites.map(({ address }) => address), "none", 60_000).core.upstreams[0]!

describe("a site at a simulated distance", () => {
  it.live("connects, refuses, or stays silent while it is dark", () =>
    withSites(Effect.fnUntraced(function* (sites, near) {
      const site = sites[0] as Site
      const { transport } = distant(near, sites)
      const socket = yield* dialled(transport, site)
      assert.isObject(socket)
      if (typeof socket === "object") socket.closeUnsafe()
      site.fault = "refusing"
      assert.strictEqual(yield* dialled(transport, site), "refused")
      site.fault = "dark"
      let answered = false
      const waiting = yield* Effect.forkChild(
        Effect.tap(dialled(transport, site), () => Effect.sync(() => (answered = true)))
      )
      // The other site is farther away: its answer comes after that of the dark one would have.
      assert.isObject(yield* dialled(transport, sites[1] as Site))
      assert.isFalse(answered)
      site.fault = "none"
      assert.isObject(yield* Fiber.join(waiting))
    })))

  it.live("delays or fails a proof of identity as it does a dial", () =>
    withSites(Effect.fnUntraced(function* (sites, near) {
      const site = sites[0] as Site
      const { transport } = distant(near, sites)
      const steps: Array<string> = []
      const proven = (address: Address) =>
        Effect.callback<DialFailure | null>((resume) => {
          const connected = () => void steps.push("connected")
          const answer = (failure: DialFailure | null) => resume(Effect.succeed(failure))
          return Effect.sync(transport.identifyUnsafe(address, { servername: "web.example", ca: "" }, connected, answer))
        })
      // A site does not speak TLS.
      assert.strictEqual(yield* proven(site.address), "certificate")
      assert.deepStrictEqual(steps, ["connected"])
      site.fault = "refusing"
      assert.strictEqual(yield* proven(site.address), "refused")
      site.fault = "dark"
      assert.isTrue(Option.isNone(yield* Effect.timeoutOption(proven(site.address), 30)))
      const closed = yield* Effect.scoped(Effect.map(serving(() => {}), ({ port }) => port))
      assert.strictEqual(yield* proven({ host: "127.0.0.1", port: closed }), "refused")
      assert.deepStrictEqual(steps, ["connected"])
    })))
})

describe("the plain forwarder", () => {
  it.live("uses its addresses in turn, and dials the next one when one refuses", () =>
    withSites(Effect.fnUntraced(function* (sites, near) {
      const { transport, relays } = distant(near, sites)
      const port = yield* plainForwarder(transport, upstreamOf(sites))
      assert.deepStrictEqual([yield* asked(port), yield* asked(port), yield* asked(port)], ["web#1", "web#2", "web#1"])
      ;(sites[0] as Site).fault = "refusing"
      assert.deepStrictEqual([yield* asked(port), yield* asked(port)], ["web#2", "web#2"])
      ;(sites[1] as Site).fault = "resetting"
      assert.strictEqual(yield* asked(port), "")
      assert.strictEqual(relays.warm, 0)
      assert.strictEqual(relays.dialled, 6)
    })))

  it("dials each address once, one at a time, from the next in turn", () => {
    const addresses = [1, 2, 3].map((port) => ({ host: "127.0.0.1", port }))
    const { attempts, deadlineMs } = roundRobin(addresses, 5, 3_000)
    assert.deepStrictEqual(attempts.map(({ port, startAfterMs }) => [port, startAfterMs]), [[3, 0], [1, 3_000], [2, 6_000]])
    assert.strictEqual(deadlineMs, 9_000)
  })
})
