/** The core gets the wall time every minute, and when it jumps. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as WallClock from "../../src/shell/WallClock.ts"

/** A watch over two test clocks, and the times that it reported, in seconds. */
const watched = Effect.gen(function* () {
  const told: Array<number> = []
  const timers = yield* Clock.Clock
  let monotonicMs = 1_000_000
  let wallMs = 0
  const wall: Clock.Clock = Object.assign(Object.create(timers) as Clock.Clock, {
    currentTimeMillisUnsafe: () => wallMs,
    currentTimeMillis: Effect.sync(() => wallMs)
  })
  yield* WallClock.watch(() => monotonicMs * 1000, (wallMs) => told.push(wallMs / 1000)).pipe(
    Effect.provideService(Clock.Clock, wall),
    Effect.forkScoped
  )
  yield* Effect.yieldNow
  /** Advances both clocks, the wall clock by `jumpMs` more. */
  const pass = (ms: number, jumpMs = 0) =>
    Effect.suspend(() => {
      monotonicMs += ms
      wallMs += ms + jumpMs
      return TestClock.adjust(ms)
    })
  const minutes = (count: number) => Effect.repeat(pass(5_000), { times: count * 12 - 1 })
  return { told, pass, minutes }
})

describe("the wall clock's watch", () => {
  it.effect("reports once a minute while the clocks agree", () =>
    Effect.gen(function* () {
      const { told, minutes } = yield* watched
      yield* minutes(3)
      assert.deepStrictEqual(told, [60, 120, 180])
    }))

  it.effect("reports a jump of more than five seconds at its next check, and counts the minute from there", () =>
    Effect.gen(function* () {
      const { told, pass, minutes } = yield* watched
      yield* pass(5_000)
      yield* pass(5_000, 600_000)
      assert.deepStrictEqual(told, [610])
      yield* pass(5_000, -300_000)
      assert.deepStrictEqual(told, [610, 315])
      yield* minutes(1)
      assert.deepStrictEqual(told, [610, 315, 375])
    }))

  it.effect("reports a drift of five seconds only when the minute is over", () =>
    Effect.gen(function* () {
      const { told, pass, minutes } = yield* watched
      yield* pass(5_000, 3_000)
      yield* pass(5_000, 2_000)
      assert.deepStrictEqual(told, [])
      yield* minutes(1)
      assert.deepStrictEqual(told, [65])
    }))
})
