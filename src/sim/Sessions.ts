/** The sessions of the simulated shell, in the order in which they came, as the events tell. */
import type { Endpoint } from "../core/model/Candidate.ts"
import type { ClientClosed, Event } from "../core/model/Event.ts"

export interface Session {
  readonly session: number
  readonly candidate: Endpoint
  readonly worker: number
  readonly client: number
  readonly fromUs: number
  /** The last report of its silence. */
  readonly silence: ClientClosed["silence"]
  /** Its silence was reported, and ended. */
  readonly spoke: boolean
}

export class Sessions {
  readonly #all = new Map<number, Session>()
  readonly #counts = new Map<Endpoint, number>()

  get all(): ReadonlyArray<Session> {
    return [...this.#all.values()]
  }

  /** Open clients by candidate, as the data plane counts them. */
  get counts(): ReadonlyMap<Endpoint, number> {
    return this.#counts
  }

  has(session: number): boolean {
    return this.#all.has(session)
  }

  countOf(candidate: Endpoint): number {
    return this.#counts.get(candidate) ?? 0
  }

  /** Follows an event before it is folded. Sessions that are not under way change nothing. */
  follow(event: Event, atUs: number): void {
    switch (event._tag) {
      case "ClientAccepted": {
        if (event.candidate === "none") return
        const { session, candidate, worker, client } = event
        this.#all.set(session, { session, candidate, worker, client, fromUs: atUs, silence: "none", spoke: false })
        return this.#count(candidate, 1)
      }
      case "ClientClosed":
        return this.#all.delete(event.session) ? this.#count(event.candidate, -1) : undefined
      case "SessionSilent":
        return this.#change(event.session, { silence: "silent" })
      case "SessionStalled":
        return this.#change(event.session, { silence: "stalled" })
      case "SessionSpoke":
        return this.#change(event.session, { silence: "none", spoke: true })
    }
  }

  clear(): void {
    this.#all.clear()
    this.#counts.clear()
  }

  #change(session: number, changes: Partial<Session>): void {
    const before = this.#all.get(session)
    if (before !== undefined) this.#all.set(session, { ...before, ...changes })
  }

  #count(candidate: Endpoint, change: number): void {
    this.#counts.set(candidate, this.countOf(candidate) + change)
  }
}
