/** Clients: the same arrivals to both forwarders, whatever becomes of the ones before. */
import * as Effect from "effect/Effect"
import { ask } from "../../adapters/demo/ask.ts"
import type { Cancel } from "../../plane/ports/Transport.ts"
import type { Tally } from "./Tally.ts"

export const CLIENTS_PER_SECOND = 40
/** A client that has not heard a byte for this long gives up. */
export const PATIENCE_MS = 2_000

export interface Target {
  readonly port: number
  readonly tally: Tally
}

/** Sends clients until interrupted, from half to one and a half of the mean interval apart; gives how to wait for the last. */
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
    const cancel = ask(port, PATIENCE_MS, ({ by, tookMs }) => {
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
      // Neither is always the first.
      for (let i = 0; i < targets.length; i++) send(targets[(turn + i) % targets.length] as Target)
    }
  })
  const settled = Effect.gen(function* () {
    while (underWay.size > 0) yield* Effect.sleep(20)
  })
  return { arrivals, settled }
})
