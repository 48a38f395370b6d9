/** The parts of an embedded Fairlead that touch the system. A program may bring any of them. */
import * as Layer from "effect/Layer"
import * as EmbedTransport from "../../adapters/node/EmbedTransport.ts"
import type { Resolver } from "../../plane/ports/Resolver.ts"
import type { Transport } from "../../plane/ports/Transport.ts"
import type { Run } from "../../record/Segment.ts"
import type { HistoryStore } from "../../shell/HistoryStore.ts"
import type { Interfaces } from "../../shell/Interfaces.ts"
import type { Recorder } from "../../shell/Recorder.ts"
import type { Settings } from "../config/Settings.ts"
import { ownParts } from "../Live.ts"

/** What an embedded Fairlead needs. */
export type Part = Transport | Resolver | HistoryStore | Recorder | Interfaces

/** A part that is left out is Fairlead's own. Its keys of the configuration act only where it is Fairlead's own. */
export interface Parts<E = never, R = never> {
  /** Dials and carries bytes, and is the monotonic clock (`onEffectClock`). Begin with `programTransport` and change parts. */
  readonly transport?: Layer.Layer<Transport, E, R>
  /** Names to addresses, in place of the system and of `dns.servers`. */
  readonly resolver?: Layer.Layer<Resolver, E, R>
  /** Where history outlives the process, in place of `history.path`. */
  readonly history?: Layer.Layer<HistoryStore, E, R>
  /** Where the record goes, in place of `eventLog.path`. */
  readonly recorder?: Layer.Layer<Recorder, E, R>
  /** Which addresses this machine has. */
  readonly interfaces?: Layer.Layer<Interfaces, E, R>
}

export const partsOf = <E, R>(settings: Settings, run: Run, theirs: Parts<E, R>) => {
  const own = ownParts(settings, run)
  return Layer.mergeAll(
    theirs.transport ?? EmbedTransport.layer,
    theirs.resolver ?? own.resolver,
    theirs.history ?? own.history,
    theirs.recorder ?? own.recorder,
    theirs.interfaces ?? own.interfaces
  )
}
