/** The evidence of a running service: an observer remembers the entries on which the state of each candidate rests. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Evidence } from "../../core/explain/Evidence.ts"
import type { Folded } from "../Observer.ts"

export class Explanations extends Context.Service<Explanations, { readonly evidence: Evidence }>()(
  "fairlead/shell/Explanations"
) {
  static readonly layer = Layer.sync(Explanations, () => Explanations.of({ evidence: new Evidence() }))

  static readonly observer: Effect.Effect<ReadonlyArray<Folded>, never, Explanations> = Effect.map(
    Explanations,
    ({ evidence }) => [(entry, decisions, state) => evidence.note(entry, decisions, state)]
  )
}
