/**
 * Port: where the record goes. Taking an entry never waits. What cannot be written becomes a gap and never stops the
 * service.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { State } from "../core/model/State.ts"
import type { BreakReason } from "../record/Segment.ts"

export interface RecordStatus {
  /** First and last entry of this process in the record; -1: there is none. */
  readonly from: number
  readonly to: number
  /** How often entries were lost. */
  readonly gaps: number
}

export class Recorder extends Context.Service<Recorder, {
  /** Begins a segment from a whole state: at start, and after a restart of the core. */
  readonly beginUnsafe: (state: State, after: BreakReason | null) => void
  /** Takes one entry's line and the state after it. */
  readonly appendUnsafe: (lineBody: string, state: State) => void
  /** Ends the segment because the core failed on an entry. The entry is stored with the reason. */
  readonly dumpUnsafe: (state: State, entryBody: string, message: string) => void
  readonly statusUnsafe: () => RecordStatus
  /** Writes the rest and a footer. */
  readonly close: (state: State) => Effect.Effect<void>
}>()("fairlead/shell/Recorder") {}
