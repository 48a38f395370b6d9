/**
 * The course of latencies over the last minutes: the value after a probe or a warm dial, at most every few seconds. A reader that
 * comes when something has gone wrong sees what it was like before.
 *
 * Its memory is bounded, whatever the number of candidates: those that were sampled last are kept.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Candidates from "../core/candidates.ts"
import type { CandidateId } from "../core/model/Candidate.ts"
import type { State } from "../core/model/State.ts"
import type { Folded } from "./Observer.ts"

/** Least time between two points of one candidate. */
const GAP_US = 5_000_000
/** Points of one candidate: ten minutes of them. */
const POINTS = 120
/** Candidates that have points. */
const CANDIDATES = 2_048

/** A moment of the run in µs, and the latency in ms. */
export type Point = readonly [atUs: number, latencyMs: number]

export class LatencyCourse extends Context.Service<LatencyCourse, {
  /** The oldest first. */
  readonly of: (candidate: CandidateId) => ReadonlyArray<Point>
  /** Keeps the latency that an entry led to. */
  readonly seeUnsafe: Folded
}>()("fairlead/shell/LatencyCourse") {
  static readonly layer: Layer.Layer<LatencyCourse> = Layer.sync(LatencyCourse, make)
  static readonly observer: Effect.Effect<ReadonlyArray<Folded>, never, LatencyCourse> = Effect.map(
    LatencyCourse,
    ({ seeUnsafe }) => [seeUnsafe]
  )
}

function make(): LatencyCourse["Service"] {
  /** The candidates that were sampled last are at the end. */
  const courses = new Map<CandidateId, Array<Point>>()
  const add = (state: State, id: CandidateId) => {
    const candidate = Candidates.find(state, id)
    if (candidate === undefined || candidate.latency.atUs < 0) return
    const points = courses.get(id) ?? []
    const lastUs = points.at(-1)?.[0] ?? -GAP_US
    if (state.at - lastUs < GAP_US) return
    points.push([state.at, candidate.latency.value])
    if (points.length > POINTS) points.shift()
    courses.delete(id)
    courses.set(id, points)
    const [oldest] = courses.keys()
    if (courses.size > CANDIDATES && oldest !== undefined) courses.delete(oldest)
  }
  return {
    of: (id) => courses.get(id) ?? [],
    seeUnsafe: ({ event }, _decisions, state) => {
      if (event._tag === "WarmConnected") add(state, event.candidate)
      else if (event._tag === "ProbeSucceeded" && event.candidate !== "reference") add(state, event.candidate)
    }
  }
}
