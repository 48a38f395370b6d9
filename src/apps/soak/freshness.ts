/** How old samples are. */
import * as Candidates from "../../core/candidates.ts"
import * as Vector from "../../core/data/Vector.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { Service } from "./service.ts"

/** The oldest sample of a preheated upstream's candidates with a closed breaker, as a share of its time to live; -1: none. */
export function ageShare({ engine, scoreTtlMs }: Pick<Service, "engine" | "scoreTtlMs">): number {
  const state = engine.stateUnsafe()
  const nowUs = engine.nowUs()
  let worst = -1
  for (const { id, listed } of Vector.toArray(state.upstreams)) {
    if (!Upstreams.isPreheated(state, id)) continue
    for (const one of Candidates.among(state, listed)) {
      if (one.breaker.state !== "closed" || one.lastSampleAtUs < 0) continue
      worst = Math.max(worst, (nowUs - one.lastSampleAtUs) / (scoreTtlMs * 1000))
    }
  }
  return worst
}
