/**
 * SIGHUP: the signal by which an operator lets a service read its configuration again. It is caught from this call on while the
 * scope lives. Before that it ends the process. Signals that no reader has taken yet count as one.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import process from "node:process"

export const hangups = Effect.gen(function* () {
  const pending = yield* Queue.sliding<void>(1)
  const onHangup = () => void Queue.offerUnsafe(pending, undefined)
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", onHangup)),
    () => Effect.sync(() => process.off("SIGHUP", onHangup))
  )
  return Stream.fromQueue(pending)
})
