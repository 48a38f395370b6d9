/** Proofs of identity over real sockets: which servers prove theirs, which do not and why, within limits. */
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
import type { Dialled } from "../../src/plane/DialRun.ts"
import { runPlanUnsafe } from "../../src/plane/DialRun.ts"
import { probe } from "../../src/shell/Prober.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import type { Verified } from "../../src/plane/verifiedDial.ts"
import { dialVerifiedUnsafe } from "../../src/plane/verifiedDial.ts"
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
    it.live("verifies the certificate, and reports the time of the TCP handshake alone", () =>
      Effect.gen(function* () {
        const { port, shaken, polite } = yield* placed(() => serveTls(good, "good", { waitMs: 300 }))
        const began = performance.now()
        const event = yield* asked(port)
        const tookMs = performance.now() - began
        assert.deepInclude(event, { _tag: "ProbeSucceeded", probe: 1, candidate: 5, identity: "verified" })
        assert.isBelow((event as { tookUs: number }).tookUs / 1000, tookMs - 250)
        yield* Effect.promise(() => until("it has ended with FIN", () => shaken() === 1 && polite() === 1))
      }).pipe(Effect.scoped, Effect.provide(layer)))

    it.live("starts no TLS for a probe without an identity", () =>
      Effect.gen(function* () {
        const { port, shaken } = yield* placed(() => serveTls(selfSigned))
        assert.deepInclude(yield* asked(port, TIMEOUT_MS, null), { _tag: "ProbeSucceeded", identity: "unchecked" })
        assert.strictEqual(shaken(), 0)
      }).pipe(Effect.scoped, Effect.provide(layer)))
  }
)

describe("a certificate is rejected", () => {
  const cases: ReadonlyArray<readonly [string, Identified, Identity]> = [
    ["for another name", otherName, identity],
    ["that has expired", expired, identity],
    ["that is self-signed", selfSigned, identity],
    ["by an authority that is not trusted", good, { ...identity, ca: "" }],
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

describe("a server that", () => {
  it.live.each(Object.keys(impostors))("%s fails the proof in bounded time", (kind) =>
    Effect.gen(function* () {
      const { port, open } = yield* placed(() => listening(impostors[kind]!))
      assert.deepInclude(yield* asked(port, 400), { _tag: "ProbeFailed", reason: "certificate" })
      yield* Effect.promise(() => until("nothing is left open", () => open() === 0))
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))
})

describe("the TLS context of an authority", () => {
  it("is made once for all handshakes, and a bounded number of contexts is kept", () => {
    const context = contextOf(identity.ca)
    assert.isDefined(context)
    assert.strictEqual(contextOf(identity.ca), context)
    assert.strictEqual(contextOf(""), contextOf(""))
    assert.isUndefined(contextOf("0".repeat(32)))
    // As many other contexts as are kept.
    for (let count = 2; count < 66; count++) contextOf(trust(authority.repeat(count))!)
    assert.isDefined(contextOf(identity.ca))
    assert.notStrictEqual(contextOf(identity.ca), context)
  })
})

describe("a rehearsal of TLS", () => {
  it.effect("makes a ClientHello and the given contexts once a process, and nothing the second time", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* rehearse([]), 0)
      const digest = trust(authority.repeat(70))!
      assert.isAbove(yield* rehearse([digest, "0".repeat(32)]), 100)
      assert.strictEqual(yield* rehearse([digest, ""]), 0)
    }))
})

describe("a proof of identity", () => {
  it.live("fails as refused or as a timeout where no connection can be made", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(placed(() => serveTls(good)))
      assert.deepInclude(yield* asked(port), { _tag: "ProbeFailed", reason: "refused" })
      assert.deepInclude(yield* asked(yield* blackHole, 100), { _tag: "ProbeFailed", reason: "timeout" })
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))

  it.live("fails as local, which is no evidence, when its authority was not loaded", () =>
    Effect.gen(function* () {
      const { port } = yield* placed(() => serveTls(good))
      assert.deepInclude(yield* asked(port, TIMEOUT_MS, { ...identity, ca: "0".repeat(32) }), { reason: "local" })
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))

  it.live("leaves no connection open when it is interrupted", () =>
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

describe("a dial that requires a proof of identity", () => {
  it.live("gives an unused connection once another one has verified the certificate", () =>
    Effect.gen(function* () {
      const { port, connections, shaken } = yield* placed(() => serveTls(good, "good", { waitMs: 50 }))
      const result = yield* verified(port)
      if (typeof result === "string") return assert.fail(result)
      assert.isTrue(result.socket.isAliveUnsafe())
      assert.isAtLeast(result.tookUs, 0)
      yield* Effect.promise(() => until("one handshake is done", () => shaken() === 1))
      assert.strictEqual(connections(), 2)
      result.socket.closeUnsafe()
    }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer)))

  it.live("is followed by the plan's next attempt when the proof fails", () =>
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
