/** How the stages of each upstream's TLS chain fared since the start: connections of programs, and why the last one failed. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { TlsOutcome, TlsStage } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import { resultsOf } from "../core/tlsChain.ts"
import type { Folded } from "./Observer.ts"
import { PerUpstream } from "./PerUpstream.ts"

export interface StageCount {
  /** Connections that the stage gave. */
  readonly served: number
  /** Requests of programs that the stage gave no connection, without those that the program gave up. */
  readonly failed: number
  /** Connections that it gave although no pin matched, because pins are only reported. */
  readonly unpinned: number
  /** Undefined: it never failed. */
  readonly last: { readonly reason: TlsOutcome; readonly atUs: number } | undefined
}

type Counts = ReadonlyMap<TlsStage, StageCount>

const NONE: Counts = new Map()
export const NEVER_ASKED: StageCount = { served: 0, failed: 0, unpinned: 0, last: undefined }

export class TlsStageCounts extends Context.Service<TlsStageCounts, {
  /** The stages that were asked. */
  readonly of: (state: State, upstream: UpstreamId) => Counts
  /** Counts the TLS connection of an entry. */
  readonly seeUnsafe: Folded
}>()("fairlead/shell/TlsStageCounts") {
  static readonly layer: Layer.Layer<TlsStageCounts> = Layer.sync(TlsStageCounts, make)
  static readonly observer: Effect.Effect<ReadonlyArray<Folded>, never, TlsStageCounts> = Effect.map(
    TlsStageCounts,
    ({ seeUnsafe }) => [seeUnsafe]
  )
}

function make(): TlsStageCounts["Service"] {
  const counted = new PerUpstream(() => new Map<TlsStage, StageCount>())
  return {
    of: (state, upstream) => counted.find(state, upstream) ?? NONE,
    seeUnsafe: ({ event, at }, _decisions, state) => {
      if (event._tag !== "TlsTried") return
      const stages = counted.of(state, event.upstream)
      for (const { stage, isServed, telling } of resultsOf(event.tried)) {
        const { served, failed, unpinned, last } = stages.get(stage) ?? NEVER_ASKED
        const isFailure = !isServed && telling.outcome !== "cancelled"
        stages.set(stage, {
          served: served + (isServed ? 1 : 0),
          failed: failed + (isFailure ? 1 : 0),
          unpinned: unpinned + (telling.unpinned === true ? 1 : 0),
          last: isFailure ? { reason: telling.outcome, atUs: at } : last
        })
      }
    }
  }
}
