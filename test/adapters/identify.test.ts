/** Proofs of identity over real sockets: who can show the certificate, who cannot and why, within bounds. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { contextOf, trust } from "../../src/adapters/node/authorities.ts"
import * as EmbedTransport from "../../src/adapters/node/EmbedTransport.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import { rehearse } from "../../src/adapters/node/rehearse.ts"
import type { Identity } from "../../src/core/model/Config.ts"
import type { DialFailure } from "../../src/core/model/Event.ts"
import type { DialPlan } from "../../src/core/model/Routes.ts"
import type { Dialled } from "../../src/shell/DialRun.ts"
import { runPlanUnsafe } from "../../src/shell/DialRun.ts"
import { probe } from "../../src/shell/Prober.ts"
import { Transport } from "../../src/shell/Transport.ts"
import type { Verified } from "../../src/shell/verifiedDial.ts"
import { dialVerifiedUnsafe } from "../../src/shell/verifiedDial.ts"
import { blackHole } from "../support/blackHole.ts"
import type { Identified } from "../support/certificates.ts"
import { authority, expired, good, otherName, selfSigned } from "../support/certificates.ts"
import { until } from "../support/servers.ts"
import { impostors, listening, serveTls } from "../support/tlsServers.ts"

const identity: Identity = { servername: "web.example", ca: trust(authority)! }
const TIMEOUT_MS = 5_000

/** A server for the time of a test. */
const placed = <S extends { readonly stop: () => Promise<void> }>(make: () => Promise<S>) =>
  Effect.acquireRelease(Effect.promise(make), ({ stop }) => Effect.promise(stop))

const asked = Effect.fnUntraced(function* (port: number, timeoutMs = TIMEOUT_MS, wanted: Identity | null = identity) {
  const transport = yield* Transport
  const act = {
    _tag: "Probe",
    worker: 0,
    probe: 1,
    candidate: 5,
    host: "127.0.0.1",
    port,
    timeoutMs,
    identity: wanted
  } as const
  return yield* probe(transport, act)
})

const verified = (port: number, wanted: Identity = identity) =>
  Effect.gen(function* () {
    const transport = yield* Transport
    return yield* Effect.callback<Verified | DialFailure>((resume) => {
      const cancel = dialVerifiedUnsafe(
        transport,
        { host: "127.0.0.1", port },
        wanted,
        0,
        (result) => resume(Effect.succeed(result))
      )
      return Effect.sync(cancel)
    })
  })

describe.each([["relaying", NodeTransport.layer], ["embedding", EmbedTransport.layer]])(
  "the transport for %s",
  (_, layer) => {
    it.live("is shown the certificate, and the time is that of TCP alone", () =>
      Effect.gen(function* () {
        const { port, shaken, polite } = yield* placed(() => serveTls(good, "good", { waitMs: 300 }))
        const began = performance.now()
        const event = yield* asked(port)
        const tookMs = performance.now() - began
        assert.deepInclude(event, { _tag: "ProbeSucceeded", probe: 1, candidate: 5, identity: "verified" })
        assert.isBelow((event as { tookUs: number }).tookUs / 1000, tookMs - 250)
        yield* Effect.promise(() => until("it has ended politely", () => shaken() === 1 && polite() === 1))
      }).pipe(Effect.scoped, Effect.provide(layer)))

    it.live("does not ask where nobody wants to know", () =>
      Effect.gen(function* () {
        const { port, shaken } = yield* placed(() => serveTls(selfSigned))
        assert.deepInclude(yield* asked(port, TIMEOUT_MS, null), { _tag: "ProbeSucceeded", identity: "unchecked" })
        assert.strictEqual(shaken(), 0)
      }).pipe(Effect.scoped, Effect.provide(layer)))
  }
)

describe("a certificate is no proof", () => {
  const cases: ReadonlyArray<readonly [string, Identified, Identity]> = [
    ["for another name", otherName, identity],
    ["whose time is over", expired, identity],
    ["signed by itself", selfSigned, identity],
    ["by an authority that nobody trusts", good, { ...identity, ca: "" }],
    ["in a chain of 200 KiB", { ...good, cert: good.cert + authority.repeat(300) }, identity]
  ]
  it.live.each(cases)("%s", ([, identified, wanted]) =>
    Effect.gen(function* () {
      const { port, open } = yield* placed(() => serveTls(identified))
      assert.deepInclude(yield* asked(port, TIMEOUT_MS, wanted), { _tag: "ProbeFailed", reason: "certificate" })
      assert.strictEqual(yield* verified(port, wanted), "certificate")
      yield* Effect.promise(() => until("nothing is left open", () => open() === 0))
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))
})

describe("who answers but", () => {
  it.live.each(Object.keys(impostors))("%s is somebody else, in bounded time", (kind) =>
    Effect.gen(function* () {
      const { port, open } = yield* placed(() => listening(impostors[kind]!))
      assert.deepInclude(yield* asked(port, 400), { _tag: "ProbeFailed", reason: "certificate" })
      yield* Effect.promise(() => until("nothing is left open", () => open() === 0))
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))
})

describe("what TLS makes of authorities", () => {
  it("is made once for all handshakes, and kept for a bounded number of them", () => {
    const context = contextOf(identity.ca)
    assert.isDefined(context)
    assert.strictEqual(contextOf(identity.ca), context)
    assert.strictEqual(contextOf(""), contextOf(""))
    assert.isUndefined(contextOf("0".repeat(32)))
    // As many others as there is room for.
    for (let count = 2; count < 66; count++) contextOf(trust(authority.repeat(count))!)
    assert.isDefined(contextOf(identity.ca))
    assert.notStrictEqual(contextOf(identity.ca), context)
  })
})

describe("a rehearsal", () => {
  it.effect("has a hello said to nobody, once a process, and makes what others will need", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* rehearse([]), 0)
      const digest = trust(authority.repeat(70))!
      assert.isAbove(yield* rehearse([digest, "0".repeat(32)]), 100)
      assert.strictEqual(yield* rehearse([digest, ""]), 0)
    }))
})

describe("a proof", () => {
  it.live("is not blamed on who cannot even be connected", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(placed(() => serveTls(good)))
      assert.deepInclude(yield* asked(port), { _tag: "ProbeFailed", reason: "refused" })
      assert.deepInclude(yield* asked(yield* blackHole, 100), { _tag: "ProbeFailed", reason: "timeout" })
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))

  it.live("cannot be asked for with an authority that nobody has read: that is no evidence", () =>
    Effect.gen(function* () {
      const { port } = yield* placed(() => serveTls(good))
      assert.deepInclude(yield* asked(port, TIMEOUT_MS, { ...identity, ca: "0".repeat(32) }), { reason: "local" })
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))

  it.live("that is not wanted any more leaves nothing open", () =>
    Effect.gen(function* () {
      const { port, open, connections } = yield* placed(() => listening(impostors["is silent"]!))
      for (const wait of [asked(port, 60_000), verified(port)]) {
        const before = connections()
        const fiber = yield* Effect.forkChild(wait)
        yield* Effect.promise(() => until("it is connected", () => connections() > before))
        yield* Fiber.interrupt(fiber)
      }
      yield* Effect.promise(() => until("nothing is left open", () => open() === 0))
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))
})

describe("a dial that asks for a proof", () => {
  it.live("gives a connection without a byte on it, once the certificate was shown on another one", () =>
    Effect.gen(function* () {
      const { port, connections, shaken } = yield* placed(() => serveTls(good, "good", { waitMs: 50 }))
      const result = yield* verified(port)
      if (typeof result === "string") return assert.fail(result)
      assert.isTrue(result.socket.isAliveUnsafe())
      assert.isAtLeast(result.tookUs, 0)
      yield* Effect.promise(() => until("one has asked", () => shaken() === 1))
      assert.strictEqual(connections(), 2)
      result.socket.closeUnsafe()
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))

  it.live("is an attempt of a plan like others: the next one follows when it fails", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const impostor = yield* placed(() => serveTls(selfSigned))
      const real = yield* placed(() => serveTls(good))
      const plan: DialPlan = {
        attempts: [impostor, real].map(({ port }, i) => ({
          ...{ candidate: i + 1, host: "127.0.0.1", port, startAfterMs: i * 60_000 },
          ...{ timeoutMs: TIMEOUT_MS, suspectAfterMs: TIMEOUT_MS, verify: identity }
        })),
        deadlineMs: 10_000
      }
      const { candidate, tried, socket } = yield* Effect.callback<Dialled>((resume) => {
        runPlanUnsafe(transport, () => () => {}, plan, 0, () => {}, (result) => resume(Effect.succeed(result)))
      })
      socket?.closeUnsafe()
      assert.strictEqual(candidate, 2)
      assert.deepStrictEqual(tried.map(({ candidate, outcome, verified }) => [candidate, outcome, verified]), [
        [1, "certificate", undefined],
        [2, "connected", true]
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))
})
