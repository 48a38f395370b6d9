/** How many clients of each upstream got a warm socket (hits), and how many were dialled for (misses), since the start. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { State } from "../core/model/State.ts"
import * as Upstreams from "../core/upstreams.ts"
import type { Folded } from "./Observer.ts"

export interface Takes {
  readonly hits: number
  readonly misses: number
}

interface Counted {
  readonly name: string
  hits: number
  misses: number
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
  /** By slot. A slot that another upstream took over begins at zero. */
  const counts = new Map<UpstreamId, Counted>()
  const nameOf = (state: State, upstream: UpstreamId) => Upstreams.find(state, upstream)?.name ?? ""
  return {
    of: (state, upstream) => {
      const found = counts.get(upstream)
      return found?.name === nameOf(state, upstream) ? { hits: found.hits, misses: found.misses } : NONE
    },
    seeUnsafe: ({ event }, _decisions, state) => {
      if (event._tag !== "ClientAccepted") return
      const name = nameOf(state, event.upstream)
      let count = counts.get(event.upstream)
      if (count?.name !== name) counts.set(event.upstream, count = { name, hits: 0, misses: 0 })
      if (event.warm > 0) count.hits++
      else count.misses++
    }
  }
}
