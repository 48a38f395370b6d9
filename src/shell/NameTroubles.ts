/**
 * Names that have no addresses, and why. The resolver is watched, so queries of the core and of clients on their last resort
 * count alike. A query that was cancelled says nothing. An answer with an address ends the trouble of its name.
 */
import * as Effect from "effect/Effect"
import type { Resolver } from "../plane/ports/Resolver.ts"

export interface NameTrouble {
  /** The last reason, such as ENOTFOUND or ETIMEOUT. */
  readonly reason: string
  /** First and last failure in a row. */
  readonly sinceUs: number
  readonly lastUs: number
  readonly times: number
}

/** An upstream with this name, as labels name it. */
interface Named {
  readonly label: string
  readonly isConfigured: boolean
}

/** One failed query, or the answer that ends a trouble (then `reason` is null). */
export interface NameNews extends Named {
  readonly reason: string | null
  readonly trouble: NameTrouble
}

export interface NameOwners {
  readonly nowUs: () => number
  readonly ownersOf: (host: string) => ReadonlyArray<Named>
  /** Every name that an upstream has now. */
  readonly hosts: () => Iterable<string>
}

/** A sweep comes when there are this many names more than twice as many as the last sweep left. */
const SPARE = 64

export class NameTroubles {
  readonly #owners: NameOwners
  readonly #troubles = new Map<string, NameTrouble>()
  readonly #counts = new Map<string, Map<string, number>>()
  #sweepAt = SPARE
  #tell: (news: NameNews) => void = () => {}

  constructor(owners: NameOwners) {
    this.#owners = owners
  }

  /** The same resolver, watched. */
  watching(resolver: Resolver["Service"]): Resolver["Service"] {
    return {
      resolve: (host, limits, early) => {
        const told = early === undefined ? undefined : (answers: Parameters<typeof early>[0]) => {
          this.#answered(host)
          early(answers)
        }
        return resolver.resolve(host, limits, told).pipe(
          Effect.tap(() => Effect.sync(() => this.#answered(host))),
          Effect.tapError(({ code }) => Effect.sync(() => this.#failed(host, code)))
        )
      }
    }
  }

  of(host: string): NameTrouble | undefined {
    return this.#troubles.get(host)
  }

  /** Failed queries since start, by label and reason. */
  get counts(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#counts
  }

  /** Calls back with each present trouble, then with each failure and each end of a trouble, one at a time. */
  watch(tell: (news: NameNews) => void): void {
    this.#tell = tell
    for (const [host, trouble] of this.#troubles) this.#told(host, trouble.reason, trouble)
  }

  #failed(host: string, reason: string): void {
    const lastUs = this.#owners.nowUs()
    const before = this.#troubles.get(host)
    if (before === undefined) this.#sweep()
    const trouble = { reason, sinceUs: before?.sinceUs ?? lastUs, lastUs, times: (before?.times ?? 0) + 1 }
    this.#troubles.set(host, trouble)
    for (const { label } of this.#owners.ownersOf(host)) {
      const reasons = this.#counts.get(label) ?? new Map<string, number>()
      this.#counts.set(label, reasons.set(reason, (reasons.get(reason) ?? 0) + 1))
    }
    this.#told(host, reason, trouble)
  }

  #answered(host: string): void {
    const trouble = this.#troubles.get(host)
    if (trouble === undefined) return
    this.#troubles.delete(host)
    this.#told(host, null, trouble)
  }

  #told(host: string, reason: string | null, trouble: NameTrouble): void {
    for (const owner of this.#owners.ownersOf(host)) this.#tell({ ...owner, reason, trouble })
  }

  /** Forgets names that no upstream has any more. */
  #sweep(): void {
    if (this.#troubles.size < this.#sweepAt) return
    const known = new Set(this.#owners.hosts())
    for (const host of this.#troubles.keys()) if (!known.has(host)) this.#troubles.delete(host)
    this.#sweepAt = 2 * this.#troubles.size + SPARE
  }
}
