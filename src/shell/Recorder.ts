/** Port: where the record goes. Taking an entry never waits; what cannot be written becomes a gap, never a stop. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { State } from "../core/model/State.ts"
import type { BreakReason } from "../record/Segment.ts"

export interface RecordStatus {
  /** First and last entry of this process in the record; -1 when there is none. */
  readonly from: number
  readonly to: number
  /** How often entries were lost. */
  readonly gaps: number
}

export class Recorder extends Context.Service<Recorder, {
  /** Begins a segment from a whole state: at start, and after the core was restarted. */
  readonly beginUnsafe: (state: State, after: BreakReason | null) => void
  /** Takes one entry's line and the state after it. */
  readonly appendUnsafe: (lineBody: string, state: State) => void
  /** Ends the segment because the core failed on an entry, which is kept with the reason. */
  readonly dumpUnsafe: (state: State, entryBody: string, message: string) => void
  readonly statusUnsafe: () => RecordStatus
  /** Writes what is left and a footer. */
  readonly close: (state: State) => Effect.Effect<void>
}>()("fairlead/shell/Recorder") {}
