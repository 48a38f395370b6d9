/**
 * Prober: one timed handshake, then a polite close. If the core wants a proof of identity, it follows over the same
 * connection. The proof has the same time limit once more, and does not count as handshake time. Time in which the process
 * was busy does not count as a wait (busy.ts).
 *
 * The handshake is one step of its fiber, and its time limit is a timer of the transport: `Effect.timeout` would race two more
 * fibers for each probe (bench/fibers.ts).
 */
import * as Effect from "effect/Effect"
import { identity as unchanged } from "effect/Function"
import type { Probe } from "../core/model/Decision.ts"
import type { DialFailure, Event } from "../core/model/Event.ts"
import { missedUs } from "../plane/ports/busy.ts"
import type { Cancel, Transport } from "../plane/ports/Transport.ts"

/** Why a handshake failed, and after how long. */
export interface Failed {
  readonly message: DialFailure
  readonly tookUs: number
}

/** A handshake: how long it took, in µs. */
export type Handshake = Effect.Effect<number, Failed>

/**
 * Carries out the act and reports the outcome. An interruption closes the connection and reports nothing. `around` may add to
 * the handshake.
 */
export function probe(
  transport: Transport["Service"],
  act: Probe,
  around: (handshake: Handshake) => Handshake = unchanged
): Effect.Effect<Event> {
  const { worker, probe, candidate } = act
  const identity = act.identity === null ? "unchecked" : "verified"
  return Effect.match(around(handshake(transport, act)), {
    onSuccess: (tookUs): Event => ({ _tag: "ProbeSucceeded", worker, probe, candidate, tookUs, identity }),
    onFailure: ({ message, tookUs }): Event => ({ _tag: "ProbeFailed", worker, probe, candidate, tookUs, reason: message })
  })
}

function handshake(transport: Transport["Service"], { host, port, identity, timeoutMs, header }: Probe): Handshake {
  return Effect.callback<number, Failed>((resume) => {
    const startedUs = transport.nowUs()
    let connectedUs = -1
    let stopTimer: Cancel = () => {}
    const finish = (reason: DialFailure | null) => {
      stopTimer()
      const tookUs = (connectedUs < 0 ? transport.nowUs() : connectedUs) - startedUs
      resume(reason === null ? Effect.succeed(tookUs) : Effect.fail({ message: reason, tookUs }))
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
    const connected = () => {
      connectedUs = transport.nowUs()
      limit("certificate")
    }
    const cancel = identity === null
      ? transport.dialUnsafe(header === undefined ? { host, port } : { host, port, header }, 0, (result) => {
        if (typeof result === "string") return finish(result)
        result.closeUnsafe()
        finish(null)
      })
      : transport.identifyUnsafe({ host, port }, identity, connected, finish)
    return Effect.sync(() => {
      stopTimer()
      cancel()
    })
  })
}
