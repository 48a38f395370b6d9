/**
 * Observer: sees each entry after it was folded, for metrics and traces. It derives everything from the same events as the
 * record, so the two cannot disagree. It must not wait and may not throw. It counts its own failures.
 */
import * as Context from "effect/Context"
import type { Decision } from "../core/model/Decision.ts"
import type { Entry } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"

export type Folded = (entry: Entry, decisions: ReadonlyArray<Decision>, state: State) => void

/** null: there is no observer, and it costs nothing. */
export const Observer: Context.Reference<Folded | null> = Context.Reference<Folded | null>("fairlead/shell/Observer", {
  defaultValue: () => null
})

/**
 * The engine's own guard: if an observer throws all the same, that must not count as a failure of the core. `failed` is
 * called the first time only. Otherwise a broken observer would fill the log with every entry.
 */
export function shielded(observer: Folded | null, failed: (cause: unknown) => void): Folded | null {
  if (observer === null) return null
  let told = false
  return (entry, decisions, state) => {
    try {
      observer(entry, decisions, state)
    } catch (cause) {
      if (!told) failed(cause)
      told = true
    }
  }
}
