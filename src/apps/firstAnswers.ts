/**
 * The first handshakes of a process are measured while it starts. Code that runs for the first time keeps the thread busy, and
 * an answer that lies in its socket meanwhile looks late: by 120 to 210 ms on a slow core, on both runtimes. So the first dials
 * leave before the listeners are bound, and what no client needs waits for their answers.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Vector from "../core/data/Vector.ts"
import type { State } from "../core/model/State.ts"
import { Transport } from "../plane/ports/Transport.ts"
import { Engine } from "../shell/Engine.ts"

/** An address that does not answer must not keep the admin port closed. */
const MOST_MS = 100
const LOOK_MS = 5

/** Built between the engine and what follows it: the dials of its first turn leave. */
export const dialsLeave = Layer.effectDiscard(Effect.gen(function* () {
  yield* Engine
  const { soonUnsafe } = yield* Transport
  yield* Effect.callback<void>((resume) => soonUnsafe(() => resume(Effect.void)))
}))

/** Waits until no handshake is under way, at most 100 ms. */
export const firstAnswers = Effect.gen(function* () {
  const engine = yield* Engine
  const untilUs = engine.nowUs() + MOST_MS * 1000
  while (engine.nowUs() < untilUs && isDialling(engine.stateUnsafe())) yield* Effect.sleep(LOOK_MS)
})

function isDialling({ probing, candidates }: State): boolean {
  return probing.inFlight.length > 0
    || Vector.toArray(candidates).some((one) => one !== null && one.warm.dialling.length > 0)
}
