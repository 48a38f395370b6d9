/** Clients: the same arrivals for both forwarders, whatever happened to earlier clients. */
import * as Effect from "effect/Effect"
import { request } from "../../adapters/demo/request.ts"
import type { Cancel } from "../../plane/ports/Transport.ts"
import type { Tally } from "./Tally.ts"

export const CLIENTS_PER_SECOND = 40
/** A client without a first byte gives up after this time. */
export const CLIENT_TIMEOUT_MS = 2_000

export interface Target {
  readonly port: number
  readonly tally: Tally
}

/**
 * Sends clients until it is interrupted, at intervals from a half to one and a half of the mean. Gives an effect that waits for
 * the last one.
 */
export const load = Effect.fnUntraced(function* (
  targets: ReadonlyArray<Target>,
  nowMs: () => number,
  draw: () => number
) {
  const underWay = new Set<Cancel>()
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const cancel of underWay) cancel()
    })
  )
  const send = ({ port, tally }: Target) => {
    const cancel = request(port, CLIENT_TIMEOUT_MS, ({ by, tookMs }) => {
      underWay.delete(cancel)
      tally.note(nowMs(), tookMs, by)
    })
    underWay.add(cancel)
  }
  const arrivals = Effect.gen(function* () {
    let dueMs = nowMs()
    for (let turn = 0;; turn++) {
      dueMs += 1000 / CLIENTS_PER_SECOND * (0.5 + draw())
      yield* Effect.sleep(Math.max(0, dueMs - nowMs()))
      // The two forwarders take turns to be the first.
      for (let i = 0; i < targets.length; i++) send(targets[(turn + i) % targets.length] as Target)
    }
  })
  const settled = Effect.gen(function* () {
    while (underWay.size > 0) yield* Effect.sleep(20)
  })
  return { arrivals, settled }
})
