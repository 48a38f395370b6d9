/** Dialling on real sockets: the reason of each failure, and plans that go on after failures. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { failureOf } from "../../src/adapters/node/dial.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { DialFailure } from "../../src/core/model/Event.ts"
import type { DialPlan } from "../../src/core/model/Routes.ts"
import type { Dialled } from "../../src/plane/DialRun.ts"
import { runPlanUnsafe } from "../../src/plane/DialRun.ts"
import { probe } from "../../src/shell/Prober.ts"
import type { UpstreamSocket } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { blackHole } from "../support/blackHole.ts"
import { serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"

const local = (port: number) => ({ host: "127.0.0.1", port })

/** A port without a listener. */
const refusing = Effect.scoped(Effect.map(serving(() => {}), ({ port }) => port))

const dialled = Effect.fnUntraced(function* (host: string, port: number) {
  const { dialUnsafe } = yield* Transport
  return yield* Effect.callback<UpstreamSocket | DialFailure>((resume) => {
    dialUnsafe({ host, port }, 0, (result) => resume(Effect.succeed(result)))
  })
})

const ran = Effect.fnUntraced(function* (plan: DialPlan) {
  const transport = yield* Transport
  return yield* Effect.callback<Dialled>((resume) => {
    runPlanUnsafe(transport, () => () => {}, plan, 0, () => {}, (result) => resume(Effect.succeed(result)))
  })
})

const planOf = (ports: ReadonlyArray<number>, raceDelayMs: number, timeoutMs: number, deadlineMs = 10_000): DialPlan => ({
  attempts: ports.map((port, i) => ({
    candidate: i + 1,
    ...local(port),
    startAfterMs: i * raceDelayMs,
    timeoutMs,
    suspectAfterMs: 60_000
  })),
  deadlineMs
})

const outcomes = ({ tried }: Dialled) => tried.map(({ candidate, outcome }) => `${candidate} ${outcome}`)

describe("dialling", () => {
  it.live("reports a refusing address as refused, and one without a route as unreachable", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* dialled("127.0.0.1", yield* refusing), "refused")
      // A connection to a multicast address fails without a packet leaving this machine.
      assert.strictEqual(yield* dialled("224.0.0.1", 9), "unreachable")
    }).pipe(Effect.provide(NodeTransport.layer)))

  it("reports a lack of this machine's own resources as local", () => {
    const codes = ["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS", "EACCES"]
    assert.deepStrictEqual(new Set(codes.map(failureOf)), new Set(["local"]))
    assert.deepStrictEqual(["ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", undefined].map(failureOf), [
      "reset",
      "timeout",
      "unreachable",
      "unreachable",
      "unreachable"
    ])
  })

  it.live("closes its socket and gives no answer when it is cancelled", () =>
    Effect.gen(function* () {
      const { dialUnsafe } = yield* Transport
      const server = yield* serving((socket) => void socket.resume().on("end", () => socket.end()))
      let answers = 0
      const cancel = dialUnsafe(local(server.port), 0, () => answers++)
      cancel()
      cancel()
      const after = yield* dialled("127.0.0.1", server.port)
      if (typeof after !== "string") after.closeUnsafe()
      yield* Effect.promise(() => until("no connection is left", () => server.sockets.size === 0))
      assert.strictEqual(answers, 0)
    }).pipe(Effect.provide(NodeTransport.layer)))

  it.live("times out on an address that never answers, or lets the next address win the race", () =>
    Effect.gen(function* () {
      const silent = yield* blackHole
      const good = yield* serving(() => {})
      const alone = yield* ran(planOf([silent], 0, 80))
      assert.deepStrictEqual([alone.socket, ...outcomes(alone)], [undefined, "1 timeout"])
      const raced = yield* ran(planOf([silent, good.port], 60, 5_000))
      assert.deepStrictEqual([raced.candidate, ...outcomes(raced)], [2, "2 connected", "1 cancelled"])
      assert.isAtLeast((raced.tried[1]?.tookUs ?? 0) - (raced.tried[0]?.tookUs ?? 0), 59_000)
      const ended = yield* ran(planOf([silent, silent], 60, 5_000, 150))
      assert.deepStrictEqual([ended.candidate, ...outcomes(ended)], ["none", "1 timeout", "2 cancelled"])
    }).pipe(Effect.provide(NodeTransport.layer)))

  it.live("starts the next attempt at once after a refusal, and fails when all have refused", () =>
    Effect.gen(function* () {
      const dead = yield* refusing
      const good = yield* serving(() => {})
      const found = yield* ran(planOf([dead, dead, good.port], 3_600_000, 5_000))
      assert.deepStrictEqual([found.candidate, ...outcomes(found)], [3, "1 refused", "2 refused", "3 connected"])
      const none = yield* ran(planOf([dead, dead], 3_600_000, 5_000))
      assert.deepStrictEqual([none.socket, none.candidate, none.tried.length], [undefined, "none", 2])
    }).pipe(Effect.provide(NodeTransport.layer)))
})

describe("a probe", () => {
  it.live("reports its result with its id, closes with FIN, and fails at its timeout", () =>
    Effect.gen(function* () {
      const transport = yield* Transport
      let polite = 0
      const good = yield* serving((socket) => void socket.resume().on("end", () => (polite++, socket.end())))
      const asked = (port: number, id: number) =>
        probe(transport, {
          _tag: "Probe",
          worker: 0,
          probe: id,
          candidate: 5,
          ...local(port),
          identity: null,
          timeoutMs: 80
        })
      assert.deepInclude(yield* asked(good.port, 1), { _tag: "ProbeSucceeded", probe: 1, candidate: 5 })
      assert.deepInclude(yield* asked(yield* refusing, 2), { _tag: "ProbeFailed", probe: 2, reason: "refused" })
      assert.deepInclude(yield* asked(yield* blackHole, 3), { _tag: "ProbeFailed", probe: 3, reason: "timeout" })
      yield* Effect.promise(() => until("it has hung up", () => polite === 1 && good.sockets.size === 0))
    }).pipe(Effect.provide(NodeTransport.layer)))
})
