/**
 * The recent course of latencies: first what the service kept, then one point for each look at `/status`. All candidates of an
 * upstream share their points in time, as a plot needs it.
 */
import type { Candidate, Upstream } from "./answers.ts"

/** The course goes back by this many seconds at most. */
const MOST_S = 600

type Value = number | null

export class Course {
  /** Seconds since 1970. */
  #times: Array<number> = []
  #latencies = new Map<string, Array<Value>>()
  readonly #watchers = new Set<() => void>()

  get times(): Array<number> {
    return this.#times
  }

  /** Takes what a look found. A candidate that is not among the listed ones has a gap. */
  add(atMs: number, { candidates }: Upstream): void {
    const atS = atMs / 1_000
    if (candidates.some(({ id, course = [] }) => course.length > 0 && !this.#latencies.has(id))) this.#begin(atS, candidates)
    const at = this.#times.length
    this.#times.push(atS)
    for (const { id, latencyMs } of candidates) this.#filled(id, at).push(latencyMs)
    const old = this.#times.findIndex((time) => time >= atS - MOST_S)
    if (old > 0) this.#forget(old)
    for (const watcher of this.#watchers) watcher()
  }

  /** In ms, at each of the times; null: not known. */
  of(candidate: string): Array<Value> {
    return [...this.#filled(candidate, this.#times.length)]
  }

  /** Calls `changed` after each look. Gives what ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => void this.#watchers.delete(changed)
  }

  /** With gaps up to the point `at`. */
  #filled(id: string, at: number): Array<Value> {
    let past = this.#latencies.get(id)
    if (past === undefined) this.#latencies.set(id, past = [])
    while (past.length < at) past.push(null)
    return past
  }

  /** Takes what the service kept, in place of all that was known: a latency stays as it is until its next point. */
  #begin(nowS: number, candidates: ReadonlyArray<Candidate>): void {
    const points = new Map(
      candidates.map(({ id, course = [] }) => [id, new Map(course.map(([ago, value]) => [ago, value]))])
    )
    const agos = [...new Set([...points.values()].flatMap((one) => [...one.keys()]))].toSorted((a, b) => b - a)
    this.#times = agos.map((ago) => nowS - ago)
    this.#latencies = new Map([...points].map(([id, own]) => {
      let last: Value = null
      return [id, agos.map((ago) => last = own.get(ago) ?? last)]
    }))
  }

  #forget(points: number): void {
    this.#times.splice(0, points)
    for (const [id, past] of this.#latencies) {
      past.splice(0, points)
      if (past.every((value) => value === null)) this.#latencies.delete(id)
    }
  }
}
