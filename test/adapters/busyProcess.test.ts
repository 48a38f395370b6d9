/** A process that is busy for longer than a time limit, while the answer lies in its sockets: real dials on loopback. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { Probe } from "../../src/core/model/Decision.ts"
import type { DialPlan } from "../../src/core/model/Routes.ts"
import type { Dialled } from "../../src/plane/DialRun.ts"
import { runPlanUnsafe } from "../../src/plane/DialRun.ts"
import { probe } from "../../src/shell/Prober.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { blackHole } from "../support/blackHole.ts"
import { serve } from "../support/servers.ts"

const LIMIT_MS = 150
const host = "127.0.0.1"
const server = Effect.acquireRelease(
  Effect.promise(() => serve((socket) => socket.resume())),
  (server) => Effect.promise(() => server.stop())
)
const actOf = (port: number): Probe => ({
  _tag: "Probe",
  worker: 0,
  probe: 1,
  candidate: 1,
  host,
  port,
  timeoutMs: LIMIT_MS,
  identity: null
})
const planOf = (ports: ReadonlyArray<number>): DialPlan => ({
  attempts: ports.map((port, i) => ({
    candidate: i + 1,
    host,
    port,
    startAfterMs: 0,
    timeoutMs: LIMIT_MS,
    suspectAfterMs: 60_000
  })),
  deadlineMs: 10_000
})

/** Nothing else of this process runs meanwhile. */
function busy(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

/** Dials, is busy, and tells what came of it. */
const dialled = (transport: Transport["Service"], ports: ReadonlyArray<number>, busyMs: number) =>
  Effect.callback<Dialled>((resume) => {
    const cancel = runPlanUnsafe(
      transport,
      () => () => {},
      planOf(ports),
      0,
      () => {},
      (one) => {
        one.socket?.closeUnsafe()
        resume(Effect.succeed(one))
      }
    )
    busy(busyMs)
    return Effect.sync(cancel)
  })

describe("a process that is busy for longer than a time limit", () => {
  it.live("takes a handshake that was answered meanwhile for answered, in a probe and in a plan", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const { port } = yield* server
      const probed = yield* Effect.all([
        probe(transport, actOf(port)),
        Effect.sync(() => busy(3 * LIMIT_MS))
      ], { concurrency: "unbounded" })
      assert.strictEqual(probed[0]._tag, "ProbeSucceeded")
      const { candidate } = yield* dialled(transport, [port], 3 * LIMIT_MS)
      assert.strictEqual(candidate, 1)
    }).pipe(Effect.provide(NodeTransport.layer), Effect.scoped))

  it.live("gives up the address that stays silent all the same, and takes the one that answered", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      const { port } = yield* server
      const dark = yield* blackHole
      const { candidate, tried } = yield* dialled(transport, [dark, port], 3 * LIMIT_MS)
      assert.strictEqual(candidate, 2)
      assert.strictEqual(tried.length, 2)
      const none = yield* dialled(transport, [dark], 0)
      assert.deepStrictEqual(none.tried.map(({ outcome }) => outcome), ["timeout"])
      const silent = yield* probe(transport, actOf(dark))
      assert.strictEqual(silent._tag, "ProbeFailed")
    }).pipe(Effect.provide(NodeTransport.layer), Effect.scoped))
})
