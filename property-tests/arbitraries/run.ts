/** Whole runs: moves played against the core, which yields the entries that a shell would have posted. */
import fc from "fast-check"
import type { Advanced } from "../../src/core/advance.ts"
import { advance } from "../../src/core/advance.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Probe } from "../../src/core/model/Decision.ts"
import type { Attempt, Entry, Event } from "../../src/core/model/Event.ts"
import type { Routes } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import { pick, reasonOf } from "../../src/core/pick.ts"
import { initial } from "../../src/core/state.ts"
import { config } from "./config.ts"
import type { Move } from "./moves.ts"
import { move, seed } from "./moves.ts"

export interface Script {
  readonly config: Config
  readonly seed: number
  readonly moves: ReadonlyArray<Move>
}

export interface Played {
  readonly first: State
  readonly last: State
  readonly entries: ReadonlyArray<Entry>
  readonly advanced: ReadonlyArray<Advanced>
}

/** Called after each entry with the state before it and what it brought about. */
export type Watch = (entry: Entry, before: State, advanced: Advanced) => void

interface Session {
  readonly session: number
  readonly candidate: number
  readonly worker: number
}

export function script(mostMoves = 80): fc.Arbitrary<Script> {
  return fc.record({ config, seed, moves: fc.array(move, { maxLength: mostMoves, size: "max" }) })
}

/** Plays a script; the first entry is always `Started`. */
export function play({ config, seed, moves }: Script, watch: Watch = () => {}): Played {
  const world = new World(config, seed, watch)
  world.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 })
  for (const one of moves) world.make(one)
  return world.played()
}

class World {
  state: State
  readonly #first: State
  readonly #watch: Watch
  readonly #entries: Array<Entry> = []
  readonly #advanced: Array<Advanced> = []
  #open: Array<Probe> = []
  readonly #answered: Array<Probe> = []
  readonly #sessions: Array<Session> = []
  readonly #routes: Array<Routes> = []
  #atUs = 0
  #minted = 0

  constructor(config: Config, seed: number, watch: Watch) {
    this.state = this.#first = initial(config, seed)
    this.#watch = watch
  }

  played(): Played {
    return { first: this.#first, last: this.state, entries: this.#entries, advanced: this.#advanced }
  }

  post(event: Event): void {
    const before = this.state
    const entry = { seq: before.seq + 1, at: this.#atUs, event }
    const advanced = advance(before, entry)
    this.state = advanced.state
    this.#entries.push(entry)
    this.#advanced.push(advanced)
    for (const decision of advanced.decisions) if (decision._tag === "Probe") this.#open.push(decision)
    if (before.routes !== this.state.routes) this.#routes.push(this.state.routes)
    this.#watch(entry, before, advanced)
  }

  make(move: Move): void {
    this.#atUs += move.gapUs
    switch (move.kind) {
      case "tick":
        this.#atUs = Math.max(this.#atUs, nextDeadline(this.state) ?? 0)
        return this.post({ _tag: "Ticked", worker: 0 })
      case "tickNow":
        return this.post({ _tag: "Ticked", worker: 0 })
      case "answer": {
        const [probe] = this.#open.splice(move.pick % Math.max(1, this.#open.length), 1)
        if (probe === undefined) return
        this.#answered.push(probe)
        return this.#answer(probe.probe, probe.candidate, move)
      }
      case "answerAgain": {
        const probe = this.#answered[move.pick % Math.max(1, this.#answered.length)]
        return probe === undefined ? undefined : this.#answer(probe.probe, probe.candidate, move)
      }
      case "answerUnknown":
        return this.#answer(1_000_000 + move.pick, move.pick, move)
      case "answerForAnother": {
        const [probe, other] = [this.#open[0], this.#open[1]]
        return probe === undefined || other === undefined ? undefined : this.#answer(probe.probe, other.candidate, move)
      }
      case "accept":
        return this.#accept(this.state.routes, move)
      case "acceptByOldRoutes":
        return this.#accept(this.#routes[move.pick % Math.max(1, this.#routes.length)] ?? this.state.routes, move)
      case "close":
        return this.#close(this.#sessions.splice(move.pick % Math.max(1, this.#sessions.length), 1)[0], move)
      case "closeUnknown":
        return this.#close({ session: -1 - move.pick, candidate: (1 << 20) + (move.pick % 12), worker: move.pick % 2 }, move)
      case "workerLost":
        if (move.pick % 2 === 0) this.#answered.push(...this.#open.splice(0))
        return this.post({ _tag: "WorkerLost", worker: move.pick % 2 })
      case "wall":
        return this.post({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_000_000 + Math.floor(this.#atUs / 1000) })
      case "restart":
        this.#answered.push(...this.#open.splice(0))
        this.#sessions.splice(0)
        return this.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 + Math.floor(this.#atUs / 1000) })
      default:
        move.kind satisfies never
    }
  }

  #answer(probe: number, candidate: number, { tookUs, failure }: Move): void {
    const of = { worker: 0, probe, candidate, tookUs }
    this.post(failure === null ? { _tag: "ProbeSucceeded", ...of } : { _tag: "ProbeFailed", ...of, reason: failure })
  }

  /** A client that follows the plan as far as the move's outcomes go. */
  #accept(routes: Routes, move: Move): void {
    const upstream = routes.upstreams[move.pick % Math.max(1, routes.upstreams.length)]
    if (upstream === undefined) return
    const connections = (id: number) => this.#sessions.filter((one) => one.candidate === id).length
    const warm = (id: number) => (move.warm >> id % 4) & 1
    const chosen = pick(upstream, connections, warm)
    const plan = (chosen?.plan ?? upstream.lastResort).attempts
    const tried: Array<Attempt> = []
    let candidate = -1
    for (const [i, outcome] of move.outcomes.slice(0, plan.length).entries()) {
      tried.push({ candidate: plan[i]!.candidate, outcome, tookUs: Math.floor(move.tookUs / (i + 1)) })
      if (outcome === "connected") candidate = plan[i]!.candidate
      if (outcome === "connected") break
    }
    const session = ++this.#minted
    const worker = move.pick % 7 === 0 ? 1 : 0
    if (candidate >= 0) this.#sessions.push({ session, candidate, worker })
    const why = reasonOf(upstream, chosen?.candidate ?? -1)
    const choice = { upstream: upstream.id, routes: routes.version, chosen: chosen?.candidate ?? -1, why }
    this.post({ _tag: "ClientAccepted", worker, session, listener: "web", ...choice, candidate, tried })
  }

  #close(session: Session | undefined, { tookUs, cause }: Move): void {
    if (session === undefined) return
    const bytes = { bytesUp: 10, bytesDown: 20, firstByteUs: -1, durationUs: tookUs }
    this.post({ _tag: "ClientClosed", ...session, ...bytes, cause })
  }
}
