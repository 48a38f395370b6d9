/** One sleeper for all deadlines of the core. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import * as Alarm from "../../src/shell/Alarm.ts"

/** An alarm on the test clock that notes in ms when it rang. */
const alarmed = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const rang: Array<number> = []
  const nowUs = () => Math.round(clock.currentTimeMillisUnsafe() * 1000)
  const alarm = yield* Alarm.make(nowUs, () => rang.push(clock.currentTimeMillisUnsafe()))
  yield* Effect.yieldNow
  return { rang, arm: (ms: number) => alarm.armUnsafe(ms * 1000) }
})

/** Moves the test clock on, one millisecond after the other, so that a bell is noted at its own moment. */
const pass = (ms: number) => Effect.repeat(TestClock.adjust(1), { times: ms - 1 })

describe("the alarm", () => {
  it.effect("rings once, at its deadline", () =>
    Effect.gen(function* () {
      const { rang, arm } = yield* alarmed
      arm(50)
      yield* pass(200)
      assert.deepStrictEqual(rang, [50])
    }))

  it.effect("never rings before a deadline that lies within a millisecond", () =>
    Effect.gen(function* () {
      const { rang, arm } = yield* alarmed
      arm(49.001)
      yield* pass(200)
      assert.deepStrictEqual(rang, [50])
    }))

  it.effect("rings earlier when an earlier deadline comes up, and at the later one when armed again", () =>
    Effect.gen(function* () {
      const { rang, arm } = yield* alarmed
      arm(80)
      yield* pass(10)
      arm(30)
      yield* pass(40)
      arm(80)
      yield* pass(50)
      assert.deepStrictEqual(rang, [30, 80])
    }))

  it.effect("does not ring at a deadline that has moved later meanwhile", () =>
    Effect.gen(function* () {
      const { rang, arm } = yield* alarmed
      arm(20)
      yield* pass(5)
      arm(60)
      yield* pass(100)
      assert.deepStrictEqual(rang, [60])
    }))

  it.effect("rings at once for a deadline that has passed", () =>
    Effect.gen(function* () {
      const { rang, arm } = yield* alarmed
      yield* pass(10)
      arm(3)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(rang, [10])
    }))

  it.effect("sleeps with its scope", () =>
    Effect.gen(function* () {
      const { rang, arm } = yield* Effect.scoped(Effect.tap(alarmed, ({ arm }) => Effect.sync(() => arm(10))))
      arm(5)
      yield* pass(50)
      assert.deepStrictEqual(rang, [])
    }))
})
