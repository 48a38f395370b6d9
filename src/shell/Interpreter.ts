/** Interpreter: does what the core decided. One exhaustive switch and no policy. */
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as PubSub from "effect/PubSub"
import type { Decision, Fact } from "../core/model/Decision.ts"
import type { Event } from "../core/model/Event.ts"
import { probe } from "./Prober.ts"
import { Transport } from "./Transport.ts"

/** Facts that slow readers may fall behind by before the oldest are dropped. */
const FACTS_KEPT = 1024

export interface Interpreter {
  readonly runUnsafe: (decision: Decision, post: (event: Event) => void) => void
  readonly facts: PubSub.PubSub<Fact>
}

export const make = Effect.gen(function* () {
  const transport = yield* Transport
  const facts = yield* PubSub.sliding<Fact>(FACTS_KEPT)
  const probes = yield* FiberMap.make<number>()
  const fork = yield* FiberMap.runtime(probes)()
  const interpreter: Interpreter = {
    facts,
    runUnsafe(decision, post) {
      switch (decision._tag) {
        case "Probe":
          fork(decision.probe, Effect.map(probe(transport, decision), post))
          return
        case "SelectionMoved":
          PubSub.publishUnsafe(facts, decision)
          return
        default:
          decision satisfies never
      }
    }
  }
  return interpreter
})

/** Acts are answered with exactly one event; facts are not. */
export function awaitsAnswer(decision: Decision): boolean {
  return decision._tag === "Probe"
}
