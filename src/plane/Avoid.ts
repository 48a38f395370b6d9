/**
 * Avoid: addresses that a program does not want for one connection, because they failed it before in a way that no dial shows.
 * The choice stays what it was; the dial plan goes on with the addresses behind them.
 */
import type { Endpoint } from "../core/model/Candidate.ts"
import type { DialPlan, Member } from "../core/model/Routes.ts"
import type { QueryDns } from "./DnsQueries.ts"

export class Avoid {
  readonly #has: (candidate: Endpoint, host: string) => boolean

  /** `has`: whether the program named this candidate, or this literal. */
  constructor(has: (candidate: Endpoint, host: string) => boolean) {
    this.#has = has
  }

  /** Whether the program may have a warm socket of the member. */
  admitsMember({ candidate, plan }: Member): boolean {
    return plan.attempts.every((one) => one.candidate !== candidate || !this.#has(candidate, one.host))
  }

  plan(plan: DialPlan): DialPlan {
    return { ...plan, attempts: plan.attempts.filter(({ candidate, host }) => !this.#has(candidate, host)) }
  }

  query(query: QueryDns): QueryDns {
    return (host, limits, answer) =>
      query(host, limits, (addresses, isOver) => answer(addresses.filter((one) => !this.#has("system", one)), isOver))
  }
}
