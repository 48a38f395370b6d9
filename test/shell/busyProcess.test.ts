/** A process that is busy while a handshake is answered: the core hears of the answer before the deadline of that handshake. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import type { Advance } from "../../src/core/advance.ts"
import { advance } from "../../src/core/advance.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { State } from "../../src/core/model/State.ts"
import { isReady } from "../../src/core/ready.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"
import { VirtualClock } from "../../src/sim/VirtualClock.ts"
import { addresses, configWith } from "../support/config.ts"
import { withLive } from "../support/live.ts"
import { ask, serve, until } from "../support/servers.ts"

/** Longer than a handshake may be pending. */
const BUSY_MS = 150
const DIALS = 3

/** Nothing else of this process runs meanwhile. */
function busy(ms: number): void {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

const server = Effect.acquireRelease(
  Effect.promise(() => serve((socket) => socket.on("data", (chunk) => socket.end(chunk)))),
  (server) => Effect.promise(() => server.stop())
)
const isSettled = ({ candidates }: State) =>
  Vector.toArray(candidates).every((one) => one === null || one.warm.dialling.length === 0)

/** A round of probes is due at 10 s, and a probe of before is answered after 10.5 s: the order in which the core learns of both. */
const learned = Effect.fnUntraced(function* (isBusy: boolean) {
  const clock = new VirtualClock()
  const transport = new SimTransport(() => ({ afterMs: 10_500, result: "connected" }), clock)
  const tags: Array<string> = []
  const watching: Advance = (state, entry) => {
    tags.push(entry.event._tag)
    return advance(state, entry)
  }
  const config = configWith([{ candidates: addresses(1), probing: { intervalMs: 10_000, timeoutMs: 60_000 } }])
  const options = { config, seed: 1, mailbox: 64, turnMs: 2, gatherMs: 0, restartDelayMs: 10, advance: watching }
  const resolver = Layer.succeed(Resolver, Resolver.of({ resolve: () => Effect.never }))
  const layer = Engine.layer(options).pipe(
    Layer.provide(Plane.layer),
    Layer.provide(Layer.mergeAll(Layer.succeed(Transport, transport.service), resolver, NoRecorder.layer))
  )
  const pass = Effect.fnUntraced(function* (ms: number) {
    transport.advance(ms)
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })
  yield* Effect.gen(function* () {
    yield* pass(0)
    if (isBusy) clock.jump(11_000_000)
    else for (let i = 0; i < 22; i++) yield* pass(500)
    for (let i = 0; i < 50; i++) yield* pass(1)
  }).pipe(Effect.scoped, Effect.provide(layer))
  return tags.filter((tag) => tag === "Ticked" || tag === "ProbeSucceeded").slice(0, 2)
})

describe("a process that is busy for longer than a handshake may be pending", () => {
  it.live("hears of the answer before the deadline, although the deadline came first", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* learned(false), ["Ticked", "ProbeSucceeded"])
      assert.deepStrictEqual(yield* learned(true), ["ProbeSucceeded", "Ticked"])
    }))

  it.live("suspects no address that answered meanwhile, when the busy time began with the dial of a warm socket", () =>
    Effect.gen(function* () {
      const { port } = yield* server
      const candidates = [{ host: "127.0.0.1", port }]
      const decisions: Array<Decision> = []
      let wasBusy = 0
      let hasDialled = false
      const watching: Advance = (state, entry) => {
        const advanced = advance(state, entry)
        decisions.push(...advanced.decisions)
        hasDialled ||= advanced.decisions.some(({ _tag }) => _tag === "DialWarm")
        return advanced
      }
      const onTurn = () => {
        if (!hasDialled) return
        hasDialled = false
        wasBusy++
        busy(BUSY_MS)
      }
      const config = configWith([{ candidates, pool: { mode: "fixed", size: 1 } }])
      yield* withLive(config, ({ engine, port }) =>
        Effect.promise(async () => {
          await until("ready", () => isReady(engine.stateUnsafe()))
          for (let i = 2; i <= DIALS; i++) {
            await ask(port)
            await until("busy once more", () => wasBusy >= i)
          }
          await until("all dials are answered", () => isSettled(engine.stateUnsafe()))
        }), { advance: watching, onTurn })
      assert.isAtLeast(wasBusy, DIALS)
      assert.deepStrictEqual(decisions.filter(({ _tag }) => _tag === "Suspected"), [])
    }).pipe(Effect.scoped))
})
