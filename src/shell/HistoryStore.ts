/**
 * Port: where history outlives the process. It checks what it loads. It reports what it cannot do, and never stops the
 * service.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { HistoryRecord } from "../core/model/History.ts"
import type { HistoryError } from "./errors.ts"

export interface Found {
  readonly records: ReadonlyArray<HistoryRecord>
  /** Invalid records, which were left out. */
  readonly dropped: number
  /** Why there may be fewer records than expected. The records that are there are good. */
  readonly problem: HistoryError | null
}

export class HistoryStore extends Context.Service<HistoryStore, {
  readonly load: Effect.Effect<Found, HistoryError>
  /** Replaces the stored history, whole or not at all. */
  readonly save: (records: ReadonlyArray<HistoryRecord>) => Effect.Effect<void, HistoryError>
}>()("fairlead/shell/HistoryStore") {}
