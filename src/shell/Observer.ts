/**
 * Observer: sees each entry after it was folded, for metrics and traces. Everything it tells is derived from the same events
 * as the record, so the two cannot disagree. It must not wait, and may not throw: a failure is its own to count.
 */
import * as Context from "effect/Context"
import type { Decision } from "../core/model/Decision.ts"
import type { Entry } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"

export type Folded = (entry: Entry, decisions: ReadonlyArray<Decision>, state: State) => void

/** null: nobody looks, and nothing is paid for it. */
export const Observer: Context.Reference<Folded | null> = Context.Reference<Folded | null>("fairlead/shell/Observer", {
  defaultValue: () => null
})

/**
 * The engine's own guard: an observer that throws all the same must not pass for a failure of the core. `failed` is told the first
 * time; one that is broken would else fill the log with every entry.
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
