/** What earlier runs left, for the engine. It is there before the engine starts, and empty if no history is stored. */
import * as Context from "effect/Context"
import type { HistoryRecord } from "../core/model/History.ts"

export interface Loaded {
  readonly records: ReadonlyArray<HistoryRecord>
  /** Where this machine is now; empty: unknown. */
  readonly network: () => string
}

export const LoadedHistory: Context.Reference<Loaded> = Context.Reference<Loaded>("fairlead/shell/LoadedHistory", {
  defaultValue: () => ({ records: [], network: () => "" })
})
