/** The end of the scope while a hundred of each act of the shell are under way: no socket, no timer and no query is left. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Event } from "../../src/core/model/Event.ts"
import { initial } from "../../src/core/state.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { PlanePort } from "../../src/plane/ports/PlanePort.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import * as Interpreter from "../../src/shell/Interpreter.ts"
import { Traces } from "../../src/shell/Traces.ts"
import { answersOf } from "../support/answers.ts"
import { addresses, configWith } from "../support/config.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"
import { keptSpans, shownSpan } from "../support/spans.ts"

const COUNT = 100
const numbers = Array.from({ length: COUNT }, (_, i) => i + 1)
const identity = { servername: "web.example", ca: "" }
const address = (port: number) => ({ worker: 0, host: "198.18.0.1", port })
const timeouts = { timeoutMs: 1_000, keepAliveMs: 1_000, keepForMs: 5_000 }

/** An interpreter over a transport without sockets, in a scope of its own. */
const interpreted = (result: "never" | "connected" | "refused", isSampled?: (number: number) => boolean) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const sim = new SimTransport(() => ({ afterMs: 10, result }))
    const kept = keptSpans(isSampled)
    const posted: Array<Event> = []
    let queries = 0
    const resolve = () => {
      queries++
      const ended = Effect.sync(() => void queries--)
      return Effect.ensuring(result === "never" ? Effect.never : Effect.succeed(answersOf(["198.18.0.9"])), ended)
    }
    const state = initial(configWith([{ candidates: addresses(2) }]), 1)
    const layer = Layer.provideMerge(
      Plane.layer,
      Layer.mergeAll(
        Layer.succeed(Transport, sim.service),
        Layer.succeed(Resolver, Resolver.of({ resolve })),
        Layer.succeed(Traces, kept.tracing)
      )
    )
    const context = yield* Layer.buildWithScope(layer, scope)
    const run = yield* Effect.gen(function* () {
      const plane = yield* PlanePort
      plane.connectUnsafe((event) => void posted.push(event))
      return yield* Interpreter.make(plane, yield* Resolver, (event) => void posted.push(event), () => state)
    }).pipe(Effect.provideContext(context), Effect.provideService(Scope.Scope, scope))
    return { sim, run, posted, spans: kept.spans, queries: () => queries, close: Scope.close(scope, Exit.void) }
  })

describe("the end of the scope", () => {
  it.effect("leaves no socket, timer, query or span of a hundred acts of each kind that are under way", () =>
    Effect.gen(function* () {
      const { sim, run, posted, spans, queries, close } = yield* interpreted("never")
      for (const i of numbers) {
        const attempt = { candidate: 1, host: "198.18.0.1", port: i, startAfterMs: 0, timeoutMs: 1_000, suspectAfterMs: 100 }
        const plan = { deadlineMs: 5_000, attempts: [attempt] }
        const kinds = { maxAnswers: 8, servers: [], host: "web.example", timeoutMs: 1_000 }
        run.runUnsafe({ _tag: "Probe", probe: i, candidate: 1, identity: null, timeoutMs: 1_000, ...address(i) })
        run.runUnsafe({ _tag: "Probe", probe: -i, candidate: 1, identity, timeoutMs: 1_000, ...address(i) })
        run.runUnsafe({ _tag: "Resolve", worker: 0, resolve: i, upstream: 0, ...kinds })
        run.runUnsafe({ _tag: "DialWarm", warm: i, candidate: 1, ...address(i), ...timeouts })
        run.runUnsafe({ _tag: "Race", worker: 0, race: COUNT + i, upstream: 0, plan, keepAliveMs: 0, keepForMs: 1_000 })
      }
      const begun = (what: string) => sim.log.filter((line) => line.replace(/ 198.*/, "").endsWith(` ${what}`)).length
      assert.deepStrictEqual([begun("dial"), begun("identify"), queries()], [3 * COUNT, COUNT, COUNT])
      assert.strictEqual(sim.pendingTimers, 4 * COUNT)
      yield* close
      assert.deepStrictEqual([begun("cancel"), begun("cancel identify"), queries()], [3 * COUNT, COUNT, 0])
      assert.strictEqual(sim.pendingTimers, 0)
      assert.deepStrictEqual(posted, [])
      assert.deepStrictEqual(new Set(spans.map(({ status }) => status._tag)), new Set(["Ended"]))
    }))

  it.effect("closes the warm sockets that races and dials left, and reports each", () =>
    Effect.gen(function* () {
      const { sim, run, posted, close } = yield* interpreted("connected")
      const attempt = { candidate: 1, host: "198.18.0.1", port: 1, startAfterMs: 0, timeoutMs: 1_000, suspectAfterMs: 100 }
      const plan = { deadlineMs: 5_000, attempts: [attempt] }
      run.runUnsafe({ _tag: "Race", worker: 0, race: 1, upstream: 0, plan, keepAliveMs: 0, keepForMs: 1_000 })
      run.runUnsafe({ _tag: "DialWarm", warm: 2, candidate: 1, ...address(1), ...timeouts })
      sim.advance(10)
      yield* close
      const told = posted.map(({ _tag }) => _tag).toSorted()
      assert.deepStrictEqual(told, ["Raced", "WarmConnected", "WarmLost", "WarmLost"])
      assert.strictEqual(sim.pendingTimers, 0)
    }))
})

describe("a traced act", () => {
  it.effect("has one span with its outcome, and an act that is not sampled or is a reference has none", () =>
    Effect.gen(function* () {
      const { sim, run, spans, close } = yield* interpreted("refused", (number) => number % 2 === 1)
      const probe = { _tag: "Probe", identity: null, timeoutMs: 1_000, ...address(1) } as const
      const query = { host: "web.example", timeoutMs: 1_000, maxAnswers: 8, servers: [] }
      run.runUnsafe({ ...probe, probe: 1, candidate: 1 })
      run.runUnsafe({ ...probe, probe: 2, candidate: 1 })
      run.runUnsafe({ ...probe, probe: 3, candidate: "reference" })
      run.runUnsafe({ _tag: "Resolve", worker: 0, resolve: 5, upstream: 0, ...query })
      sim.advance(10)
      yield* close
      assert.deepStrictEqual(spans.map(shownSpan), [
        ["fairlead.probe", "refused", "Failure"],
        ["fairlead.resolve", "resolved", "Success"]
      ])
    }))
})
