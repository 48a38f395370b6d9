/**
 * Guard: which addresses the clients of one listener may reach. It judges the literal that is dialled or was dialled, at each dial and
 * each take: a name may lead elsewhere than when it was last looked up.
 *
 * - Networks of `deny` are refused, and this machine's own addresses where the entry says so.
 * - The addresses of this service's own listeners are always refused: a client would come back as another client.
 */
import { admits } from "../core/access.ts"
import { wordsOf } from "../core/addressWords.ts"
import type { Attempt } from "../core/model/Event.ts"
import type { Access, DialPlan, Member } from "../core/model/Routes.ts"
import type { QueryDns } from "./DnsQueries.ts"
import type { Entry } from "./Entry.ts"

/** Told to a client if its target was not dialled. */
export const BARRED: ReadonlyArray<Attempt> = [{ candidate: "system", outcome: "denied", tookUs: 0 }]

/** What a guard has to know of this service. */
export interface OwnPlaces {
  /** Whether a listener of this service takes what is sent there. */
  readonly isListener: (host: string, port: number) => boolean
  /** The addresses of this machine. */
  readonly addresses: () => ReadonlyArray<string>
}

export class Guard {
  readonly #access: Access
  readonly #entry: Entry
  readonly #own: OwnPlaces
  /** Some address of the client's target was refused. */
  hasRefused = false

  constructor(entry: Entry, own: OwnPlaces) {
    this.#access = { allow: [], deny: entry.deny }
    this.#entry = entry
    this.#own = own
  }

  admits(host: string, port: number): boolean {
    const isAdmitted = admits(this.#access, host) && !this.#own.isListener(host, port)
      && (this.#entry.ownAddresses || !this.#isOwn(host))
    this.hasRefused ||= !isAdmitted
    return isAdmitted
  }

  /** Whether a client may have the warm socket of a member. */
  admitsMember({ candidate, plan }: Member): boolean {
    const own = plan.attempts.find((one) => one.candidate === candidate)
    return own !== undefined && this.admits(own.host, own.port)
  }

  /** The plan without the addresses that are refused. */
  plan(plan: DialPlan): DialPlan {
    const attempts = plan.attempts.filter(({ host, port, resolve }) => resolve !== undefined || this.admits(host, port))
    return { ...plan, attempts }
  }

  /** Takes the addresses that are refused out of answers, the late ones too. */
  query(query: QueryDns, plan: DialPlan): QueryDns {
    const port = plan.attempts.find(({ resolve }) => resolve !== undefined)?.port ?? 0
    return (host, limits, answer) =>
      query(host, limits, (addresses, isOver) => answer(addresses.filter((one) => this.admits(one, port)), isOver))
  }

  #isOwn(host: string): boolean {
    const words = wordsOf(host)?.join()
    return this.#own.addresses().some((one) => wordsOf(one)?.join() === words)
  }
}
