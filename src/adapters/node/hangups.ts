/**
 * SIGHUP, by which one asks a service to read its configuration again. It is heard from the moment on at which this has run,
 * while the scope lives; before, it ends the process. Hangups that nobody has taken yet are one.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import process from "node:process"

export const hangups = Effect.gen(function* () {
  const heard = yield* Queue.sliding<void>(1)
  const hear = () => void Queue.offerUnsafe(heard, undefined)
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("SIGHUP", hear)),
    () => Effect.sync(() => process.off("SIGHUP", hear))
  )
  return Stream.fromQueue(heard)
})
