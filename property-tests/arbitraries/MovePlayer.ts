/** Drives the simulated shell by moves: they say what a network, clients and an operator do next, and what a fault could bring. */
import type { Advanced } from "../../src/core/advance.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Race, Resolve } from "../../src/core/model/Decision.ts"
import type { Entry, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { CoreRun } from "../../src/sim/CoreRun.ts"
import { SimShell } from "../../src/sim/SimShell.ts"
import type { Begun } from "../../src/sim/UnderWay.ts"
import { VirtualClock } from "../../src/sim/VirtualClock.ts"
import { attemptsOf } from "./attemptsOf.ts"
import { MovedClients } from "./MovedClients.ts"
import { MovedHandshakes } from "./MovedHandshakes.ts"
import type { Move } from "./moves.ts"
import { one, within } from "./moves.ts"
import { recordsOf, wallMs } from "./pasts.ts"
import { wishOf } from "./wishes.ts"

export interface Played {
  readonly first: State
  readonly last: State
  readonly entries: ReadonlyArray<Entry>
  readonly advanced: ReadonlyArray<Advanced>
}

/** Called after each entry with the state before it and what it brought about. */
export type Watch = (entry: Entry, before: State, advanced: Advanced) => void

const FAMILIES = ["ipv4", "ipv6"] as const

export class MovePlayer {
  readonly #core: CoreRun
  readonly #clock = new VirtualClock()
  readonly #shell: SimShell
  readonly #handshakes: MovedHandshakes
  readonly #clients: MovedClients
  readonly #reloads: ReadonlyArray<Config>
  readonly #entries: Array<Entry> = []
  readonly #advanced: Array<Advanced> = []
  readonly #raced: Array<Begun<Race>> = []

  constructor(config: Config, seed: number, watch: Watch, reloads: ReadonlyArray<Config>) {
    this.#reloads = reloads
    this.#core = new CoreRun(config, seed)
    this.#shell = new SimShell(this.#core, this.#clock, {
      folded: ({ entry, before, advanced }) => {
        this.#entries.push(entry)
        this.#advanced.push(advanced)
        if (before.routes !== advanced.state.routes) this.#clients.published(advanced.state.routes)
        watch(entry, before, advanced)
      },
      decided: () => {},
      // Moves end acts, in any order and at any time.
      began: () => {},
      retired: (socket) => this.#handshakes.lose(socket, "drained")
    })
    this.#handshakes = new MovedHandshakes(this.#shell)
    this.#clients = new MovedClients(this.#shell)
  }

  played(): Played {
    return { first: this.#core.first, last: this.#core.state, entries: this.#entries, advanced: this.#advanced }
  }

  post(event: Event): void {
    this.#shell.post(event)
  }

  make(move: Move): void {
    this.#clock.jump(this.#clock.nowUs + move.gapUs)
    const atUs = this.#clock.nowUs
    const { state } = this.#core
    switch (move.kind) {
      case "tick":
        this.#clock.jump(Math.max(atUs, nextDeadline(state) ?? 0))
        return this.post({ _tag: "Ticked", worker: 0 })
      case "tickNow":
        return this.post({ _tag: "Ticked", worker: 0 })
      case "accept":
      case "acceptByOldRoutes":
      case "close":
      case "closeUnknown":
      case "silent":
      case "spoke":
      case "stalled":
      case "silentUnknown":
      case "pending":
      case "pendingUnknown":
        return this.#clients.make(move)
      case "wall":
        return this.post({ _tag: "WallRead", worker: 0, wallMs: wallMs(atUs, move) })
      case "workerLost":
        if (move.pick % 2 === 0) this.#remember()
        return this.post({ _tag: "WorkerLost", worker: move.pick % 2 })
      case "restart":
        this.#remember()
        return this.post({ _tag: "Started", worker: 0, wallMs: wallMs(atUs, move) })
      case "history": {
        // As if another run had left this, and much later than right after the start.
        const records = recordsOf(state, wallMs(atUs, move), move)
        return this.post({ _tag: "HistoryLoaded", worker: 0, network: move.heard ? "home" : "", records })
      }
      case "interfaces":
        return this.post({
          ...{ _tag: "InterfacesChanged", worker: 0 },
          families: FAMILIES.filter((_, i) => (move.pick >> i) % 2 === 0)
        })
      case "reload":
      case "override":
      case "refresh": {
        const event = wishOf(move, this.#reloads)
        return event === undefined ? undefined : this.post(event)
      }
      case "demand":
        return this.#demand(move)
      case "raceAnswer":
      case "raceAgain":
        return this.#race(move)
      case "resolveAnswer":
      case "resolveAgain":
        return this.#resolved(move)
      default:
        return this.#handshakes.make(move)
    }
  }

  /** What a lost worker held is gone; answers that were under way may still come later. */
  #remember(): void {
    this.#handshakes.remember()
    this.#raced.push(...this.#shell.races.all)
  }

  #resolved(move: Move): void {
    const query = move.kind === "resolveAgain" ? undefined : one(this.#shell.queries.all, move)
    if (query === undefined && move.kind === "resolveAnswer") return
    const isPart = query !== undefined && move.failure === null && move.pick % 3 === 2
    if (query !== undefined && !isPart) this.#shell.queries.end(query.resolve)
    this.post(this.#answer(query, isPart, move))
  }

  #answer(query: Begun<Resolve> | undefined, isPart: boolean, { failure, hosts, pick }: Move): Event {
    const resolve = query?.resolve ?? pick % Math.max(1, this.#core.state.minted.resolve)
    const of = { worker: 0, resolve, upstream: query?.upstream ?? pick % 3 }
    if (failure !== null) return { _tag: "ResolveFailed", ...of, reason: "ENOTFOUND" }
    const answers = { addresses: hosts, omitted: 0, silent: pick % 4 === 3 ? 1 : 0 }
    return { _tag: "Resolved", ...of, ...answers, ...(isPart ? { more: true } : {}) }
  }

  #demand(move: Move): void {
    const told = move.pick % 3 === 0 ? one(this.#core.state.routes.upstreams, move)?.id ?? "none" : "none"
    const host = ["web.example", "a.example", "b.example", "c.example", "198.18.0.3"][move.client % 5]!
    const of = told === "none" ? { host, port: move.pick % 2 === 0 ? 443 : 22 } : { host: "", port: 0 }
    this.post({ _tag: "DomainRequested", worker: 0, upstream: told, ...of })
  }

  /** Dials end as the move says; the first that connects wins, and its socket becomes a warm one at once. */
  #race(move: Move): void {
    const race = one(move.kind === "raceAgain" ? this.#raced : this.#shell.races.all, move)
    if (race === undefined) return
    const took = within(this.#clock.nowUs - race.atUs, move)
    const tried = attemptsOf(race.plan.attempts, move, () => took)
    const first = tried.find(({ outcome }) => outcome === "connected")?.candidate ?? "none"
    const candidate = first === "system" ? "none" : first
    if (move.kind === "raceAnswer") {
      this.#raced.push(race)
      if (candidate !== "none") this.#shell.keepWarm(race.race, candidate)
    }
    this.post({ _tag: "Raced", worker: 0, race: race.race, upstream: race.upstream, candidate, tried, tookUs: took })
  }
}
