/** What one run of the core chose in the course of a record: the first choice for clients, its moves, and where clients went. */
import type { CandidateId, UpstreamId } from "../../core/model/Candidate.ts"
import type { Decision } from "../../core/model/Decision.ts"
import type { State } from "../../core/model/State.ts"
import type { Chosen } from "./Choices.ts"
import { Choices } from "./Choices.ts"
import type { Course } from "./Course.ts"

/** From this moment on a new client's first choice is this address; -1: no candidate is. */
export interface First {
  readonly atUs: number
  readonly address: number
}

/** A member left for another, or alone. */
export interface Switch {
  readonly atUs: number
  readonly upstream: string
  readonly out: number
  readonly into: number
  /** The one that entered had left less than a minute before. */
  readonly isReturn: boolean
}

/** A member that comes back within this time has flapped. */
const RETURN_US = 60_000_000

export class TimeLine {
  readonly firsts = new Map<string, Array<First>>()
  clients = new Choices()
  readonly switches: Array<Switch> = []
  readonly #course: Course
  readonly #leftAtUs = new Map<string, number>()

  constructor(course: Course) {
    this.#course = course
  }

  /** What has happened so far, for a run that goes another way from now on. */
  fork(): TimeLine {
    const copy = new TimeLine(this.#course)
    for (const [name, all] of this.firsts) copy.firsts.set(name, [...all])
    copy.clients = this.clients.copy()
    copy.switches.push(...this.switches)
    for (const [key, atUs] of this.#leftAtUs) copy.#leftAtUs.set(key, atUs)
    return copy
  }

  /** A step of the core. */
  stepped(before: State, after: State, decisions: ReadonlyArray<Decision>, atUs: number): void {
    for (const decision of decisions) {
      if (decision._tag !== "SelectionMoved") continue
      const out = decision.moves.filter(({ into }) => !into)
      const into = decision.moves.filter(({ into }) => into)
      for (const [i, { candidate }] of into.entries()) {
        const replaced = out[i]
        if (replaced !== undefined) this.#switched(after, decision.upstream, replaced.candidate, candidate, atUs)
      }
      for (const { candidate } of out) this.#leftAtUs.set(this.#keyOf(after, decision.upstream, candidate), atUs)
    }
    if (before.routes !== after.routes) this.#rerouted(before, after, atUs)
  }

  client(chosen: Chosen): void {
    this.clients.push(chosen)
  }

  #switched(state: State, upstream: UpstreamId, out: CandidateId, into: CandidateId, atUs: number): void {
    const leftAtUs = this.#leftAtUs.get(this.#keyOf(state, upstream, into))
    const isReturn = leftAtUs !== undefined && atUs - leftAtUs <= RETURN_US
    const [from, to] = [out, into].map((id) => this.#course.addressOf(state, id)) as [number, number]
    this.switches.push({ atUs, upstream: nameOf(state, upstream), out: from, into: to, isReturn })
  }

  #rerouted(before: State, after: State, atUs: number): void {
    after.routes.upstreams.forEach((routes, id) => {
      if (routes === before.routes.upstreams[id]) return
      const name = nameOf(after, id)
      const first = routes.members[0]?.candidate ?? routes.lastResort.attempts[0]?.candidate ?? "none"
      const address = this.#course.addressOf(after, first)
      const all = this.firsts.get(name)
      if (all === undefined) this.firsts.set(name, [{ atUs, address }])
      else if (all[all.length - 1]?.address !== address) all.push({ atUs, address })
    })
  }

  #keyOf(state: State, upstream: UpstreamId, candidate: CandidateId): string {
    return `${nameOf(state, upstream)} ${this.#course.addressOf(state, candidate)}`
  }
}

function nameOf(state: State, upstream: UpstreamId): string {
  return state.config.upstreams[upstream]?.name ?? ""
}
