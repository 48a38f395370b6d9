/** Port: where history outlives the process. What it finds is checked at its door; what it cannot do is told, never a stop. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { HistoryRecord } from "../core/model/History.ts"
import type { HistoryError } from "./errors.ts"

export interface Found {
  readonly records: ReadonlyArray<HistoryRecord>
  /** Records that were none, and were left out. */
  readonly dropped: number
  /** Why there is less than there might be; the rest is good. */
  readonly problem: HistoryError | null
}

export class HistoryStore extends Context.Service<HistoryStore, {
  readonly load: Effect.Effect<Found, HistoryError>
  /** Replaces what is there, whole or not at all. */
  readonly save: (records: ReadonlyArray<HistoryRecord>) => Effect.Effect<void, HistoryError>
}>()("fairlead/shell/HistoryStore") {}
