/**
 * The real core with a simulated shell, network, resolver and clients, in virtual time: what a real shell would post is posted when it is
 * due, so the entries make a record. Same script and seed, same entries.
 */
import type { Advance } from "../core/advance.ts"
import * as Candidates from "../core/candidates.ts"
import { nextDeadline } from "../core/deadline.ts"
import type { Endpoint, UpstreamId } from "../core/model/Candidate.ts"
import type { Config } from "../core/model/Config.ts"
import type { Event, WarmLoss } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import * as Upstreams from "../core/upstreams.ts"
import { Clients } from "./Clients.ts"
import type { Folded } from "./CoreRun.ts"
import { CoreRun } from "./CoreRun.ts"
import { Draws } from "./Draws.ts"
import { Journal } from "./Journal.ts"
import { Legality } from "./legal.ts"
import type { Answers, NetworkOptions, Replies } from "./Network.ts"
import { Network } from "./Network.ts"
import { SimShell } from "./SimShell.ts"
import { TimedActs } from "./TimedActs.ts"
import { VirtualClock } from "./VirtualClock.ts"

export interface SimulationOptions extends NetworkOptions {
  readonly seed?: number
  readonly advance?: Advance
  /** Hears of each entry. With it nothing is kept in the journal and no decision is checked, so a run may be long. */
  readonly onEntry?: (folded: Folded) => void
}

/** More entries in one run are taken for a run without an end. */
const MOST_ENTRIES = 100_000
const STARTED_MS = 1_790_000_000_000

export class Simulation {
  readonly network: Network
  readonly #clock = new VirtualClock()
  readonly #core: CoreRun
  readonly #shell: SimShell
  readonly #clients: Clients
  readonly #journal = new Journal()
  readonly entries = this.#journal.entries
  readonly advanced = this.#journal.advanced
  readonly probes = this.#journal.probes
  readonly warmDials = this.#journal.warmDials
  readonly queries = this.#journal.queries
  readonly races = this.#journal.races
  readonly facts = this.#journal.facts
  readonly moves = this.#journal.moves

  constructor(config: Config, { seed = 1, advance, onEntry, ...network }: SimulationOptions = {}) {
    this.network = new Network(network)
    this.#core = new CoreRun(config, seed, advance)
    const legality = new Legality()
    const journal = this.#journal
    this.#shell = new SimShell(this.#core, this.#clock, {
      folded: onEntry ?? ((folded) => journal.folded(folded)),
      decided: (decision, folded) => {
        if (onEntry !== undefined) return
        legality.check(decision, folded, this.#shell)
        journal.decided(decision, folded.entry.at)
      },
      began: (act) => acts.began(act),
      retired: (socket) => {
        const lost = this.#shell.lossOf(socket, "drained")
        this.#shell.later(0, () => lost)
      }
    })
    const acts = new TimedActs(this.#shell, this.network)
    this.#clients = new Clients(this.#shell, this.network, new Draws(seed))
  }

  get state(): State {
    return this.#core.state
  }
  set state(state: State) {
    this.#core.state = state
  }

  get atUs(): number {
    return this.#clock.nowUs
  }
  /** Time jumps: what was due meanwhile is late. */
  set atUs(atUs: number) {
    this.#clock.jump(atUs)
  }

  get atMs(): number {
    return this.#clock.nowMs
  }

  /** Open clients by candidate. */
  get clients(): ReadonlyMap<Endpoint, number> {
    return this.#shell.sessions.counts
  }

  /** Sessions that ended without a connection. */
  get unserved(): ReadonlyArray<number> {
    return this.#clients.unserved
  }

  /** Scripts what the address does when it is dialled from now on. */
  set(host: string, answers: Answers): this {
    this.network.set(host, answers)
    return this
  }

  /** Scripts what sessions through the address get from now on. */
  replies(host: string, replies: Replies): this {
    this.network.reply(host, replies)
    return this
  }

  /** Scripts the resolver's addresses for a name from now on. */
  names(name: string, hosts: ReadonlyArray<string>): this {
    this.network.names.set(name, hosts)
    return this
  }

  /** Scripts whether the address answers and cannot prove its identity from now on. */
  impostor(host: string, is = true): this {
    this.network.impostor(host, is)
    return this
  }

  start(): this {
    return this.post({ _tag: "Started", worker: 0, wallMs: STARTED_MS })
  }

  /** Folds one event now. */
  post(event: Event): this {
    this.#shell.post(event)
    return this
  }

  /** Posts the event after a while, if there is one by then. */
  later(delayMs: number, event: () => Event | undefined): this {
    this.#shell.later(delayMs, event)
    return this
  }

  /** Does something again and again, for the first time after `periodMs`. */
  every(periodMs: number, act: () => void): this {
    const periodUs = Math.round(periodMs * 1000)
    const again = (): void => {
      this.#clock.at(this.atUs + periodUs, again)
      act()
    }
    this.#clock.at(this.atUs + periodUs, again)
    return this
  }

  /** Lets virtual time pass: answers come when they are due, ticks when the core needs them. */
  run(forMs: number): this {
    const endUs = Math.round(this.atUs + forMs * 1000)
    for (let entries = 0; entries < MOST_ENTRIES; entries++) {
      if (!this.step(endUs)) {
        this.#clock.jump(endUs)
        return this
      }
    }
    throw new Error("a hundred thousand entries without an end")
  }

  /** Does what is due next, if it is due by then; an answer comes before a tick at the same moment. */
  step(untilUs = Number.POSITIVE_INFINITY): boolean {
    const deadlineUs = nextDeadline(this.state) ?? Number.POSITIVE_INFINITY
    const timerUs = this.#clock.nextUs
    const dueUs = Math.max(this.atUs, Math.min(deadlineUs, timerUs))
    if (dueUs > untilUs || dueUs === Number.POSITIVE_INFINITY) return false
    this.#clock.jump(dueUs)
    if (timerUs > deadlineUs) this.post({ _tag: "Ticked", worker: 0 })
    else this.#clock.fireNext()
    return true
  }

  /** A client needs a discovery of this host; `none`: the host has no slot yet. */
  asks(host: string, port = 443, upstream: UpstreamId | "none" = "none"): this {
    return this.post({ _tag: "DomainRequested", worker: 0, upstream, host, port })
  }

  /** One client, which stays for `holdMs`; without a number it has an address of its own. */
  client(holdMs = 0, upstream = 0, client?: number): this {
    this.#clients.arrive(holdMs, upstream, client)
    return this
  }

  /** The candidates for new clients, by ordinal, cheapest first. */
  members(upstream = 0): ReadonlyArray<number> {
    return this.#ordinals((this.state.routes.upstreams[upstream]?.members ?? []).map(({ candidate }) => candidate))
  }

  /** The active set, by ordinal. */
  active(upstream = 0): ReadonlyArray<number> {
    return this.#ordinals(Upstreams.find(this.state, upstream)?.members ?? [])
  }

  /** The number of an address's warm sockets. */
  warm(host: string): number {
    return this.#warmOf(host).length
  }

  /** Loses warm sockets of an address, by their peer or by their age. */
  lose(host: string, reason: WarmLoss, most = Number.POSITIVE_INFINITY): this {
    for (const one of this.#warmOf(host).slice(0, most)) this.#shell.lose(one, reason)
    return this
  }

  #warmOf(host: string) {
    return this.#shell.warm.all.filter(({ candidate }) => Candidates.find(this.state, candidate)?.host === host)
  }

  #ordinals(ids: ReadonlyArray<number>): ReadonlyArray<number> {
    return ids.map((id) => Candidates.find(this.state, id)?.ordinal ?? -1)
  }
}
