/**
 * A transport in the time of Effect's `Clock`: a clock of one's own, or `TestClock`. Deadlines, probes, intervals and
 * every limit of the data plane then follow it. What one socket does by itself (`session.idle`, silence, keep-alive) goes on in
 * real time, and so do the names and certificates that the system is asked for.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { Transport } from "../../plane/ports/Transport.ts"

/** The clock is the one that is in force where the layer is built. */
export const onEffectClock = <E, R>(transport: Layer.Layer<Transport, E, R>): Layer.Layer<Transport, E, R> =>
  Layer.provide(clocked, transport)

const clocked = Layer.effect(
  Transport,
  Effect.gen(function* () {
    const inner = yield* Transport
    const clock = yield* Clock.Clock
    const nowUs = () => Number(clock.monotonicTimeNanosUnsafe() / 1000n)
    const timer = (delayMs: number, fire: () => void): Cancel => {
      // A limit may be longer than any clock can sleep: then it never comes.
      const sleep = Number.isFinite(delayMs) ? clock.sleep(Duration.millis(Math.max(0, delayMs))) : Effect.never
      const stop = Effect.runCallback(sleep, { onExit: (exit) => Exit.isSuccess(exit) && fire() })
      return () => void stop()
    }
    return Transport.of({
      ...inner,
      nowUs,
      timerUnsafe: timer,
      wheelTimerUnsafe: timer,
      relayUnsafe: (client, upstream, limits, silence, end) =>
        inner.relayUnsafe(client, upstream, limits, silence, (ended) => {
          const { firstByteAtUs } = ended
          // The moment is one of the other clock.
          const agoUs = inner.nowUs() - firstByteAtUs
          end(firstByteAtUs < 0 ? ended : { ...ended, firstByteAtUs: nowUs() - agoUs })
        })
    })
  })
)
