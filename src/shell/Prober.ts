/** Prober: one handshake, timed, then hung up politely. */
import * as Effect from "effect/Effect"
import type { Probe } from "../core/model/Decision.ts"
import type { DialFailure, Event } from "../core/model/Event.ts"
import type { Transport } from "./Transport.ts"

/** Does what the core asked and tells how it went; interruption hangs up and tells nothing. */
export function probe(transport: Transport["Service"], act: Probe): Effect.Effect<Event> {
  return Effect.callback<Event>((resume) => {
    const startedUs = transport.nowUs()
    const { worker, probe, candidate } = act
    const finish = (reason: DialFailure | null) => {
      stopTimer()
      const tookUs = transport.nowUs() - startedUs
      resume(Effect.succeed<Event>(
        reason === null
          ? { _tag: "ProbeSucceeded", worker, probe, candidate, tookUs }
          : { _tag: "ProbeFailed", worker, probe, candidate, tookUs, reason }
      ))
    }
    const stopTimer = transport.timerUnsafe(act.timeoutMs, () => {
      cancel()
      finish("timeout")
    })
    const cancel = transport.dialUnsafe({ host: act.host, port: act.port }, 0, (result) => {
      if (typeof result === "string") return finish(result)
      result.closeUnsafe()
      finish(null)
    })
    return Effect.sync(() => {
      stopTimer()
      cancel()
    })
  })
}
