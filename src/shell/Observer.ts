/**
 * Observers see each entry after it was folded: facts, log lines, metrics and traces. They derive everything from the same events as
 * the record, so the two cannot disagree. An observer must not wait and may not throw. It counts its own failures.
 *
 * They are a list without an order: no observer knows of another, and one that fails hinders no other.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Decision } from "../core/model/Decision.ts"
import type { Entry } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"

export type Folded = (entry: Entry, decisions: ReadonlyArray<Decision>, state: State) => void

export const Observers: Context.Reference<ReadonlyArray<Folded>> = Context.Reference<ReadonlyArray<Folded>>(
  "fairlead/shell/Observers",
  { defaultValue: () => [] }
)

/** Collects the observers of several services before the engine starts, so none of them misses an entry. */
export const layer = <E, R>(
  observers: Effect.Effect<ReadonlyArray<ReadonlyArray<Folded>>, E, R>
): Layer.Layer<never, E, R> => Layer.effect(Observers, Effect.map(observers, (lists) => lists.flat()))

/**
 * Calls each observer; undefined: there is none, and it costs nothing. An observer that throws all the same does not count as a
 * failure of the core. `failed` is called for the first failure of each. Otherwise a broken one would fill the log.
 */
export function together(observers: ReadonlyArray<Folded>, failed: (cause: unknown) => void): Folded | undefined {
  if (observers.length === 0) return undefined
  const broken = new Set<Folded>()
  return (entry, decisions, state) => {
    for (const see of observers) {
      try {
        see(entry, decisions, state)
      } catch (cause) {
        if (!broken.has(see)) failed(cause)
        broken.add(see)
      }
    }
  }
}
