/** One timed handshake with an address: of TCP, or of TCP and TLS with a certificate that is checked. */
import * as Effect from "effect/Effect"
import type { Identity } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, Transport } from "../../plane/ports/Transport.ts"
import type { Place, Sample } from "./ranking.ts"

export interface HandshakeOptions {
  readonly timeoutMs: number
  /** null: TCP alone. */
  readonly identity: Identity | null
}

/** An interruption closes the connection. */
export const handshake = (
  transport: Transport["Service"],
  { host, port }: Place,
  { timeoutMs, identity }: HandshakeOptions
): Effect.Effect<Sample> =>
  Effect.callback<Sample>((resume) => {
    const startedUs = transport.nowUs()
    let cancel: Cancel = () => {}
    const finish = (failure: DialFailure | null) => {
      stopTimer()
      resume(Effect.succeed(failure ?? (transport.nowUs() - startedUs) / 1000))
    }
    const stopTimer = transport.timerUnsafe(timeoutMs, () => {
      cancel()
      finish("timeout")
    })
    cancel = identity === null
      ? transport.dialUnsafe({ host, port }, 0, (result) => {
        finish(typeof result === "string" ? result : null)
        if (typeof result !== "string") result.closeUnsafe()
      })
      : transport.identifyUnsafe({ host, port }, identity, () => {}, finish)
    return Effect.sync(() => {
      stopTimer()
      cancel()
    })
  })
