/**
 * Prober: one timed handshake, then a polite close. If the core wants a proof of identity, it follows over the same
 * connection. The proof has the same time limit once more, and does not count as handshake time. Time in which the process
 * was busy does not count as a wait (busy.ts).
 */
import * as Effect from "effect/Effect"
import type { Probe } from "../core/model/Decision.ts"
import type { DialFailure, Event } from "../core/model/Event.ts"
import { missedUs } from "../plane/ports/busy.ts"
import type { Cancel, Transport } from "../plane/ports/Transport.ts"

/** Carries out the act and reports the outcome. An interruption closes the connection and reports nothing. */
export function probe(transport: Transport["Service"], act: Probe): Effect.Effect<Event> {
  return Effect.callback<Event>((resume) => {
    const startedUs = transport.nowUs()
    const { worker, probe, candidate, identity, timeoutMs } = act
    let connectedUs = -1
    let stopTimer: Cancel = () => {}
    const finish = (reason: DialFailure | null) => {
      stopTimer()
      const tookUs = (connectedUs < 0 ? transport.nowUs() : connectedUs) - startedUs
      resume(Effect.succeed<Event>(
        reason === null
          ? {
            _tag: "ProbeSucceeded",
            worker,
            probe,
            candidate,
            tookUs,
            identity: identity === null ? "unchecked" : "verified"
          }
          : { _tag: "ProbeFailed", worker, probe, candidate, tookUs, reason }
      ))
    }
    const limit = (late: DialFailure, waitMs = timeoutMs, wasBusy = false) => {
      stopTimer()
      const dueUs = transport.nowUs() + waitMs * 1000
      stopTimer = transport.timerUnsafe(waitMs, () => {
        const missed = wasBusy ? 0 : missedUs(transport.nowUs(), dueUs, timeoutMs * 1000)
        if (missed > 0) return limit(late, missed / 1000, true)
        cancel()
        finish(late)
      })
    }
    limit("timeout")
    const address = { host: act.host, port: act.port, ...(act.header === undefined ? {} : { header: act.header }) }
    const connected = () => {
      connectedUs = transport.nowUs()
      limit("certificate")
    }
    const cancel = identity === null
      ? transport.dialUnsafe(address, 0, (result) => {
        if (typeof result === "string") return finish(result)
        result.closeUnsafe()
        finish(null)
      })
      : transport.identifyUnsafe(address, identity, connected, finish)
    return Effect.sync(() => {
      stopTimer()
      cancel()
    })
  })
}
