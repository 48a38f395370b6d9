/** How many clients each candidate carries, as the shell knows it: the truth for picking. */
import type { CandidateId } from "../core/model/Candidate.ts"

export class Counts {
  readonly #counts = new Map<CandidateId, number>()

  /** A field, so that it can be handed to `pick` without an allocation. */
  readonly of = (candidate: CandidateId): number => this.#counts.get(candidate) ?? 0

  add(candidate: CandidateId): void {
    this.#counts.set(candidate, this.of(candidate) + 1)
  }

  /** Candidates without clients take no room. */
  remove(candidate: CandidateId): void {
    const left = this.of(candidate) - 1
    if (left > 0) this.#counts.set(candidate, left)
    else this.#counts.delete(candidate)
  }

  get candidates(): number {
    return this.#counts.size
  }
}
