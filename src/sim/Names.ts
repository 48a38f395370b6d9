/** The simulated resolver: the addresses of names, and how long it takes to tell them. */
import type { Resolve } from "../core/model/Decision.ts"
import type { Event } from "../core/model/Event.ts"

export class Names {
  /** How long the resolver takes. */
  resolvesAfterMs = 1
  /** The number of DNS queries without an answer, in each result of the resolver from now on. */
  silent = 0
  readonly #addresses = new Map<string, ReadonlyArray<string>>()

  /** Scripts the addresses of a name from now on. */
  set(name: string, addresses: ReadonlyArray<string>): void {
    this.#addresses.set(name, addresses)
  }

  /** undefined: there is no such name. */
  addressesOf(name: string): ReadonlyArray<string> | undefined {
    return this.#addresses.get(name)
  }

  /** The resolver's answer to a query of the core. */
  answer({ worker, resolve, upstream, host }: Resolve): Event {
    const addresses = this.#addresses.get(host)
    return addresses === undefined
      ? { _tag: "ResolveFailed", worker, resolve, upstream, reason: "ENOTFOUND" }
      : { _tag: "Resolved", worker, resolve, upstream, addresses, omitted: 0, silent: this.silent }
  }
}
