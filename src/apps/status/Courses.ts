/** The costs that candidates had lately, for small curves. */
import type { StatusDocument } from "./StatusDocument.ts"

/** Costs kept of each candidate. */
const KEPT = 24

export class Courses {
  /** Of each candidate, the oldest first; -1: it was not measured. */
  #costs = new Map<string, ReadonlyArray<number>>()

  /** Candidates that the document does not show any more are forgotten. */
  add({ upstreams }: StatusDocument): void {
    this.#costs = new Map(
      upstreams.flatMap(({ candidates }) =>
        candidates.map(({ id, costMs }) => [id, [...this.of(id), costMs ?? -1].slice(-KEPT)] as const)
      )
    )
  }

  of(candidate: string): ReadonlyArray<number> {
    return this.#costs.get(candidate) ?? []
  }
}
