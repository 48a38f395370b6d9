/**
 * The shell as a toy: runs the core's decisions against a scripted world in virtual time, and rejects decisions that no
 * shell could rightly be given. What it posts is what the real one would post, so its entries make a record.
 */
import type { Advance, Advanced } from "../../src/core/advance.ts"
import { advance as liveAdvance } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Decision, Probe, SelectionMoved } from "../../src/core/model/Decision.ts"
import type { DialFailure, Entry, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { pick, reasonOf } from "../../src/core/pick.ts"
import { initial } from "../../src/core/state.ts"
import { runPlan } from "./toyDial.ts"

/** What an address does when it is dialled: answer after so many ms, fail, or (for a probe) never be heard of again. */
export type Answer = number | DialFailure | "lost"

export interface Options {
  readonly seed?: number
  readonly advance?: Advance
  /** How long a refusal or a reset takes. */
  readonly failAfterMs?: number
  /** Addresses that nobody said anything about. */
  readonly otherwise?: Answer
}

export class IllegalDecision extends Error {}

export class ToyInterpreter {
  state: State
  atUs = 0
  readonly entries: Array<Entry> = []
  readonly advanced: Array<Advanced> = []
  readonly probes: Array<Probe & { readonly atUs: number }> = []
  readonly moves: Array<SelectionMoved & { readonly atUs: number }> = []
  /** Sessions that ended without a connection. */
  readonly unserved: Array<number> = []
  /** Clients by candidate: the shell's own counts. */
  readonly clients = new Map<number, number>()
  readonly #world = new Map<string, Answer>()
  readonly #open = new Map<number, Probe>()
  readonly #issued = new Set<number>()
  #pending: Array<{ readonly atUs: number; readonly order: number; readonly event: () => Event | undefined }> = []
  #orders = 0
  #sessions = 0
  readonly #advance: Advance
  readonly #failAfterMs: number
  readonly #otherwise: Answer

  constructor(config: Config, options: Options = {}) {
    this.state = initial(config, options.seed ?? 1)
    this.#advance = options.advance ?? liveAdvance
    this.#failAfterMs = options.failAfterMs ?? 1
    this.#otherwise = options.otherwise ?? "refused"
  }

  get atMs(): number {
    return this.atUs / 1000
  }

  /** Scripts what the address does from now on. */
  set(host: string, answer: Answer): this {
    this.#world.set(host, answer)
    return this
  }

  answerOf(host: string): Answer {
    return this.#world.get(host) ?? this.#otherwise
  }

  start(): this {
    return this.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 })
  }

  /** Folds one event in now, and obeys. */
  post(event: Event): this {
    const entry = { seq: this.state.seq + 1, at: this.atUs, event }
    const before = this.state
    if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") this.#open.delete(event.probe)
    if (event._tag === "WorkerLost") this.#open.clear()
    const advanced = this.#advance(before, entry)
    this.state = advanced.state
    this.entries.push(entry)
    this.advanced.push(advanced)
    for (const decision of advanced.decisions) this.#obey(decision, before)
    return this
  }

  /** Posts an event after a while. */
  later(delayMs: number, event: () => Event | undefined): void {
    this.#pending.push({ atUs: Math.round(this.atUs + delayMs * 1000), order: this.#orders++, event })
    this.#pending.sort((a, b) => a.atUs - b.atUs || a.order - b.order)
  }

  /** Lets virtual time pass: answers as they come, ticks when the core wants them. */
  run(forMs: number): this {
    const endUs = Math.round(this.atUs + forMs * 1000)
    for (let stuck = 0; stuck < 100_000; stuck++) {
      const deadlineUs = nextDeadline(this.state) ?? Number.POSITIVE_INFINITY
      const answerUs = this.#pending[0]?.atUs ?? Number.POSITIVE_INFINITY
      const nextUs = Math.max(this.atUs, Math.min(deadlineUs, answerUs))
      if (nextUs > endUs) {
        this.atUs = endUs
        return this
      }
      this.atUs = nextUs
      if (answerUs > deadlineUs) this.post({ _tag: "Ticked", worker: 0 })
      else {
        const event = this.#pending.shift()?.event()
        if (event !== undefined) this.post(event)
      }
    }
    throw new Error("a hundred thousand entries without an end")
  }

  /** One client now: chooses as the shell does, dials, stays for `holdMs`. */
  client(holdMs = 0, upstream = 0): this {
    const { routes } = this.state
    const upstreamRoutes = routes.upstreams[upstream]
    if (upstreamRoutes === undefined) return this
    const session = ++this.#sessions
    const chosen = pick(upstreamRoutes, (id) => this.clients.get(id) ?? 0, () => 0)
    const why = reasonOf(upstreamRoutes, chosen?.candidate ?? -1)
    const dialled = runPlan(chosen?.plan ?? upstreamRoutes.lastResort, (host) => this.answerOf(host), this.#failAfterMs)
    const { candidate, tried } = dialled
    if (candidate < 0) this.unserved.push(session)
    const of = { worker: 0, session, candidate } as const
    this.later(dialled.tookMs, () => {
      this.#count(candidate, 1)
      const choice = { routes: routes.version, chosen: chosen?.candidate ?? -1, why, tried }
      return { _tag: "ClientAccepted", ...of, listener: "web", upstream, ...choice }
    })
    if (candidate < 0) return this
    this.later(dialled.tookMs + holdMs, () => {
      this.#count(candidate, -1)
      const bytes = { bytesUp: 100, bytesDown: 1000, firstByteUs: 1000, durationUs: Math.round(holdMs * 1000) }
      return { _tag: "ClientClosed", ...of, ...bytes, cause: "done" }
    })
    return this
  }

  /** Ordinals of an upstream's members, cheapest first. */
  members(upstream = 0): ReadonlyArray<number> {
    const { members = [] } = this.state.routes.upstreams[upstream] ?? {}
    return members.map(({ candidate }) => Candidates.find(this.state, candidate)?.ordinal ?? -1)
  }

  #count(candidate: number, change: number): void {
    this.clients.set(candidate, (this.clients.get(candidate) ?? 0) + change)
  }

  #obey(decision: Decision, before: State): void {
    if (decision._tag === "Probe") this.#probe(decision)
    else this.#move(decision, before)
  }

  #probe(act: Probe): void {
    const { maxParallel, perHost } = this.state.config.probing
    const open = [...this.#open.values()]
    reject(this.#issued.has(act.probe), `probe ${act.probe} twice`)
    const candidate = Candidates.find(this.state, act.candidate)
    reject(candidate === undefined, `probe of an unknown candidate ${act.candidate}`)
    reject(candidate?.host !== act.host || candidate.port !== act.port, `probe of ${act.host}, which is not the candidate's`)
    reject(open.length >= maxParallel, `more than ${maxParallel} probes at once`)
    reject(open.some((other) => other.candidate === act.candidate), `candidate ${act.candidate} is being probed already`)
    reject(open.filter(({ host }) => host === act.host).length >= perHost, `more than ${perHost} probes of one host`)
    this.#issued.add(act.probe)
    this.#open.set(act.probe, act)
    this.probes.push({ ...act, atUs: this.atUs })
    const answer = this.answerOf(act.host)
    if (answer !== "lost") this.#answer(act, answer)
  }

  #answer({ worker, probe, candidate, timeoutMs }: Probe, answer: number | DialFailure): void {
    const late = typeof answer === "number" ? answer >= timeoutMs : answer === "timeout"
    const failure = late ? "timeout" : typeof answer === "number" ? undefined : answer
    const tookMs = late ? timeoutMs : typeof answer === "number" ? answer : this.#failAfterMs
    const of = { worker, probe, candidate, tookUs: Math.round(tookMs * 1000) }
    this.later(
      tookMs,
      () => failure === undefined ? { _tag: "ProbeSucceeded", ...of } : { _tag: "ProbeFailed", ...of, reason: failure }
    )
  }

  #move(fact: SelectionMoved, before: State): void {
    const had = before.routes.upstreams[fact.upstream]?.members.map(({ candidate }) => candidate) ?? []
    const moved = fact.moves.map(({ candidate }) => candidate)
    reject(fact.moves.length === 0, "a move of nobody")
    reject(new Set(moved).size < moved.length, "a candidate moves twice")
    for (const { candidate, into } of fact.moves) {
      reject(into === had.includes(candidate), `candidate ${candidate} moves where it is`)
      reject(into !== fact.members.includes(candidate), `candidate ${candidate} moves, but not to where the set says`)
    }
    const unmoved = had.filter((id) => !moved.includes(id))
    reject(
      fact.members.length !== unmoved.length + fact.moves.filter(({ into }) => into).length,
      "moves do not make the set"
    )
    this.moves.push({ ...fact, atUs: this.atUs })
  }
}

function reject(illegal: boolean, what: string): void {
  if (illegal) throw new IllegalDecision(what)
}
