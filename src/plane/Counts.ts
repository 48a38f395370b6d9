/** How many clients each candidate has, as the shell knows it. `pick` relies on these counts. */
import type { Endpoint } from "../core/model/Candidate.ts"

export class Counts {
  readonly #counts = new Map<Endpoint, number>()

  /** A field, so that it can be passed to `pick` without an allocation. */
  readonly of = (candidate: Endpoint): number => this.#counts.get(candidate) ?? 0

  add(candidate: Endpoint): void {
    this.#counts.set(candidate, this.of(candidate) + 1)
  }

  /** Candidates without clients take no memory. */
  remove(candidate: Endpoint): void {
    const left = this.of(candidate) - 1
    if (left > 0) this.#counts.set(candidate, left)
    else this.#counts.delete(candidate)
  }

  get candidates(): number {
    return this.#counts.size
  }
}
