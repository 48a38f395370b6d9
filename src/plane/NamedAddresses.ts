/**
 * The addresses of one name in a dial plan, as answers give them: first the early ones, then later ones in turns with those that still
 * wait, as one of the two families may lead nowhere.
 *
 * An address is dialled at most once in a plan. It is not dialled where `access` of the plan denies it or the plan avoids it. An address
 * that the plan knows is that candidate; any other is a system address, which is no candidate and is recorded by its host.
 */
import { admits } from "../core/access.ts"
import { isAvoided } from "../core/identity.ts"
import type { Endpoint } from "../core/model/Candidate.ts"
import type { DialAttempt } from "../core/model/Routes.ts"

export interface Joined {
  /** Addresses that may not be dialled, reported here for the first time. */
  readonly denied: ReadonlyArray<string>
  /** What is left of the plan, in order. */
  readonly later: ReadonlyArray<DialAttempt>
}

export class NamedAddresses {
  readonly #name: DialAttempt
  readonly #seen = new Set<string>()
  readonly #placed = new Set<DialAttempt>()
  #denied = 0

  constructor(name: DialAttempt) {
    this.#name = name
  }

  /** No address was placed so far. */
  get isEmpty(): boolean {
    return this.#placed.size === 0
  }

  /** `attempts` is the plan so far. Those from `next` on have not started. The first new one may start at `fromMs`. */
  join(answer: ReadonlyArray<string>, attempts: ReadonlyArray<DialAttempt>, next: number, fromMs: number): Joined {
    const { port, resolve } = this.#name
    const most = resolve?.most ?? 0
    const fresh = answer.filter((host) => !this.#seen.has(host))
    for (const host of fresh) this.#seen.add(host)
    const admitted = fresh.filter((host) => resolve === undefined || admits(resolve.access, host))
    const denied = fresh.filter((host) => !admitted.includes(host)).slice(0, most - this.#denied)
    this.#denied += denied.length
    const found = admitted.filter((host) => !isAvoided(resolve, host))
      .map((host) => ({ host, at: attempts.findIndex((one) => one.host === host && one.port === port) }))
      .filter(({ at }) => at < 0 || at >= next)
      .slice(0, most - this.#placed.size)
      .map(({ host, at }) => attempts[at] ?? this.#systemAddress(host))
    const ahead = attempts.slice(next)
    return { denied, later: found.length === 0 ? ahead : this.#among(found, ahead, fromMs) }
  }

  #systemAddress(host: string): DialAttempt {
    const { port, timeoutMs, suspectAfterMs, verify } = this.#name
    const proof = verify === undefined ? {} : { verify }
    return { candidate: "system", host, port, startAfterMs: 0, timeoutMs, suspectAfterMs, ...proof }
  }

  /** The addresses of the name first, in turns with its earlier ones; then the rest of the plan. */
  #among(
    found: ReadonlyArray<DialAttempt>,
    ahead: ReadonlyArray<DialAttempt>,
    fromMs: number
  ): ReadonlyArray<DialAttempt> {
    const waiting = ahead.filter((one) => this.#placed.has(one))
    for (const one of waiting) this.#placed.delete(one)
    const turns = Array.from({ length: Math.max(found.length, waiting.length) }, (_, i) => [found[i], waiting[i]])
      .flat().filter((one) => one !== undefined)
    const { raceDelayMs = 0 } = this.#name.resolve ?? {}
    const own = turns.map((one, i) => ({ ...one, startAfterMs: fromMs + i * raceDelayMs }))
    for (const one of own) this.#placed.add(one)
    const taken = new Set<Endpoint>(own.map(({ candidate }) => candidate).filter((candidate) => candidate !== "system"))
    return [...own, ...ahead.filter((one) => !waiting.includes(one) && !taken.has(one.candidate))]
  }
}
