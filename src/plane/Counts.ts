/** How many clients each candidate has, as the shell knows it. `pick` relies on these counts. */
import type { CandidateId } from "../core/model/Candidate.ts"

export class Counts {
  readonly #counts = new Map<CandidateId, number>()

  /** A field, so that it can be passed to `pick` without an allocation. */
  readonly of = (candidate: CandidateId): number => this.#counts.get(candidate) ?? 0

  add(candidate: CandidateId): void {
    this.#counts.set(candidate, this.of(candidate) + 1)
  }

  /** Candidates without clients take no memory. */
  remove(candidate: CandidateId): void {
    const left = this.of(candidate) - 1
    if (left > 0) this.#counts.set(candidate, left)
    else this.#counts.delete(candidate)
  }

  get candidates(): number {
    return this.#counts.size
  }
}
