/** How many clients of each upstream got a warm socket (hits), and how many were dialled for (misses), since the start. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { State } from "../core/model/State.ts"
import type { Folded } from "./Observer.ts"
import { PerUpstream } from "./PerUpstream.ts"

export interface Takes {
  readonly hits: number
  readonly misses: number
}

const NONE: Takes = { hits: 0, misses: 0 }

export class PoolTakes extends Context.Service<PoolTakes, {
  readonly of: (state: State, upstream: UpstreamId) => Takes
  /** Counts the client of an entry. */
  readonly seeUnsafe: Folded
}>()("fairlead/shell/PoolTakes") {
  static readonly layer: Layer.Layer<PoolTakes> = Layer.sync(PoolTakes, make)
  static readonly observer: Effect.Effect<ReadonlyArray<Folded>, never, PoolTakes> = Effect.map(
    PoolTakes,
    ({ seeUnsafe }) => [seeUnsafe]
  )
}

function make(): PoolTakes["Service"] {
  const counts = new PerUpstream(() => ({ hits: 0, misses: 0 }))
  return {
    of: (state, upstream) => ({ ...(counts.find(state, upstream) ?? NONE) }),
    seeUnsafe: ({ event }, _decisions, state) => {
      if (event._tag !== "ClientAccepted") return
      const count = counts.of(state, event.upstream)
      if (event.warm > 0) count.hits++
      else count.misses++
    }
  }
}
