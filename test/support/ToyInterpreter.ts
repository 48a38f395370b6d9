/**
 * A toy shell: it runs the core's decisions against a scripted world in virtual time, and rejects decisions that no shell
 * may get. It posts what the real shell would post, so its entries make a record.
 */
import type { Advance, Advanced } from "../../src/core/advance.ts"
import { advance as liveAdvance } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type {
  Decision,
  DialWarm,
  Fact,
  Probe,
  Race,
  Resolve,
  Retire,
  SelectionMoved
} from "../../src/core/model/Decision.ts"
import type { DialFailure, Entry, Event, WarmLoss } from "../../src/core/model/Event.ts"
import type { UpstreamRoutes } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Chance } from "../../src/core/pick.ts"
import { pick, reasonOf } from "../../src/core/pick.ts"
import { initial } from "../../src/core/state.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { chanceOf } from "./toyChance.ts"
import { checkMove, checkProbe, checkResolve, checkWarm, Ids } from "./toyChecks.ts"
import type { ToyNetwork } from "./toyDial.ts"
import { runPlan } from "./toyDial.ts"
import type { Of, Reply } from "./toySession.ts"
import { sessionEvents } from "./toySession.ts"
import type { ToyWarmSocket } from "./ToyWarmPool.ts"
import { ToyWarmPool } from "./ToyWarmPool.ts"

export { IllegalDecision } from "./toyChecks.ts"

/** What an address does when it is dialled: it answers after so many ms, fails, or (for a probe) never answers. */
export type Answer = number | DialFailure | "lost"
type Stamped<A> = A & { readonly atUs: number }

export interface Options {
  readonly seed?: number
  readonly advance?: Advance
  /** How long a refusal or a reset takes. */
  readonly failAfterMs?: number
  /** What an address does that is not scripted. */
  readonly otherwise?: Answer
}

export class ToyInterpreter {
  state: State
  atUs = 0
  readonly entries: Array<Entry> = []
  readonly advanced: Array<Advanced> = []
  readonly probes: Array<Stamped<Probe>> = []
  readonly warmDials: Array<Stamped<DialWarm>> = []
  readonly queries: Array<Stamped<Resolve>> = []
  readonly races: Array<Stamped<Race>> = []
  readonly facts: Array<Stamped<Fact>> = []
  readonly moves: Array<Stamped<SelectionMoved>> = []
  /** Sessions that ended without a connection. */
  readonly unserved: Array<number> = []
  /** Open clients by candidate, as the shell counts them. */
  readonly clients = new Map<number, number>()
  readonly #world = new Map<string, Answer | (() => Answer)>()
  readonly #replies = new Map<string, Reply | ((connectedMs: number) => Reply)>()
  readonly #names = new Map<string, ReadonlyArray<string>>()
  /** Addresses that answer, but cannot prove their identity. */
  readonly #impostors = new Set<string>()
  readonly #open = new Map<number, Probe>()
  readonly #dials = new Map<number, DialWarm>()
  /** Races under way. */
  readonly #racing = new Set<number>()
  readonly #shelf = new ToyWarmPool()
  readonly #ids = new Ids()
  #pending: Array<{ readonly atUs: number; readonly order: number; readonly event: () => Event | undefined }> = []
  #orders = 0
  #sessions = 0
  readonly #chance: Chance
  readonly #advance: Advance
  readonly #failAfterMs: number
  readonly #otherwise: Answer

  constructor(config: Config, options: Options = {}) {
    this.state = initial(config, options.seed ?? 1)
    this.#chance = chanceOf(options.seed ?? 1)
    this.#advance = options.advance ?? liveAdvance
    this.#failAfterMs = options.failAfterMs ?? 1
    this.#otherwise = options.otherwise ?? "refused"
  }

  get atMs(): number {
    return this.atUs / 1000
  }

  /** Scripts what the address does when it is dialled from now on. */
  set(host: string, answer: Answer | (() => Answer)): this {
    this.#world.set(host, answer)
    return this
  }

  /** Scripts what sessions through the address get from now on; it may depend on when they connect. */
  replies(host: string, reply: Reply | ((connectedMs: number) => Reply)): this {
    this.#replies.set(host, reply)
    return this
  }

  /** How long the resolver takes. */
  resolvesAfterMs = 1

  /** The number of DNS queries without an answer, in each result of the resolver from now on. */
  silent = 0

  /** Scripts the resolver's addresses for a name from now on. */
  names(name: string, hosts: ReadonlyArray<string>): this {
    this.#names.set(name, hosts)
    return this
  }

  /** Scripts whether an impostor answers at the address from now on. */
  impostor(host: string, is = true): this {
    if (is) this.#impostors.add(host)
    else this.#impostors.delete(host)
    return this
  }

  answerOf(host: string): Answer {
    const answer = this.#world.get(host) ?? this.#otherwise
    return typeof answer === "function" ? answer() : answer
  }

  start(): this {
    return this.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 })
  }

  /** Folds one event now and carries out the decisions. */
  post(event: Event): this {
    const entry = { seq: this.state.seq + 1, at: this.atUs, event }
    const before = this.state
    if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") this.#open.delete(event.probe)
    if (event._tag === "WarmConnected" || event._tag === "WarmFailed") this.#dials.delete(event.warm)
    if (event._tag === "WorkerLost") [this.#open, this.#dials, this.#racing, this.#shelf].forEach((held) => held.clear())
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

  /** Lets virtual time pass: answers come when they are due, ticks when the core needs them. */
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

  /** A client needs a discovery of this host; upstream -1: the host has no slot yet. */
  asks(host: string, port = 443, upstream = -1): this {
    return this.post({ _tag: "DomainRequested", worker: 0, upstream, host, port })
  }

  /** One client with its own address: it chooses as the shell does, takes a warm socket or dials, and stays for `holdMs`. */
  client(holdMs = 0, upstream = 0, client = this.#sessions + 1): this {
    const routes = this.state.routes.upstreams[upstream]
    if (routes === undefined) return this
    const session = ++this.#sessions
    const chosen = pick(
      routes,
      (id) => this.clients.get(id) ?? 0,
      (id) => this.#shelf.countOf(id),
      this.#chance,
      () => String(client)
    )
    const id = chosen?.candidate ?? -1
    const parked = this.#shelf.take(id)
    const plan = chosen?.plan ?? routes.lastResort
    const dialled = parked === undefined
      ? runPlan(plan, this.#network())
      : { candidate: parked.candidate, tried: [], tookMs: 0, pending: [] }
    const { candidate, tried, tookMs, pending } = dialled
    if (candidate === -1) this.unserved.push(session)
    for (const { candidate, afterMs, pendingMs } of pending) {
      this.later(afterMs, () => ({ _tag: "DialPending", worker: 0, candidate, pendingUs: Math.round(pendingMs * 1000) }))
    }
    const choice = { routes: this.state.routes.version, chosen: id, why: reasonOf(routes, id) }
    const of = { worker: 0, session, candidate, client }
    this.later(tookMs, () => {
      this.#count(candidate, 1)
      return { _tag: "ClientAccepted", ...of, listener: "web", upstream, ...choice, warm: parked?.warm ?? 0, tried }
    })
    if (candidate !== -1) this.#session(of, tookMs, holdMs, routes)
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
  parked(host: string): number {
    return this.#shelf.of(host).length
  }

  /** Loses warm sockets of an address, by their peer or by their age. */
  lose(host: string, reason: WarmLoss, most = Number.POSITIVE_INFINITY): this {
    for (const one of this.#shelf.of(host).slice(0, most)) this.#lose(one, reason)
    return this
  }

  #ordinals(ids: ReadonlyArray<number>): ReadonlyArray<number> {
    return ids.map((id) => Candidates.find(this.state, id)?.ordinal ?? -1)
  }

  #count(candidate: number, change: number): void {
    this.clients.set(candidate, (this.clients.get(candidate) ?? 0) + change)
  }

  #session(of: Of, tookMs: number, holdMs: number, { silentAfterMs, session }: UpstreamRoutes): void {
    const host = Candidates.find(this.state, of.candidate)?.host ?? ""
    const timing = { tookMs, holdMs, silentAfterMs, stallMs: session.stallMs }
    const scripted = this.#replies.get(host) ?? 1
    const reply = typeof scripted === "function" ? scripted(this.atMs + tookMs) : scripted
    for (const { afterMs, event } of sessionEvents(of, reply, timing)) {
      this.later(afterMs, () => {
        if (event._tag === "ClientClosed") this.#count(of.candidate, -1)
        return event
      })
    }
  }

  #obey(decision: Decision, before: State): void {
    const { atUs } = this
    switch (decision._tag) {
      case "Probe":
        return this.#probe(decision)
      case "DialWarm":
        return this.#dialWarm(decision)
      case "Retire":
        return this.#retire(decision)
      case "Resolve":
        return this.#resolve(decision)
      case "Race":
        return this.#race(decision)
      default:
        this.facts.push({ ...decision, atUs })
        if (decision._tag !== "SelectionMoved") return
        checkMove(before, decision)
        this.moves.push({ ...decision, atUs })
    }
  }

  #probe(act: Probe): void {
    this.#ids.check("probe", act.probe)
    checkProbe(this.state, act, [...this.#open.values()])
    this.#open.set(act.probe, act)
    this.probes.push({ ...act, atUs: this.atUs })
    const { worker, probe, candidate, host } = act
    this.#handshake(act, (tookUs, reason) => {
      const of = { worker, probe, candidate, tookUs }
      if (reason !== null) return { _tag: "ProbeFailed", ...of, reason }
      if (act.identity === null) return { _tag: "ProbeSucceeded", ...of, identity: "unchecked" }
      // A proof takes as long again as the handshake.
      const isImpostor = this.#impostors.has(host)
      this.later(
        tookUs / 1000,
        () =>
          isImpostor
            ? { _tag: "ProbeFailed", ...of, reason: "certificate" }
            : { _tag: "ProbeSucceeded", ...of, identity: "verified" }
      )
      return undefined
    })
  }

  #dialWarm(act: DialWarm): void {
    this.#ids.check("warm", act.warm)
    checkWarm(this.state, act, this.#dials.size + this.#shelf.size)
    this.#dials.set(act.warm, act)
    this.warmDials.push({ ...act, atUs: this.atUs })
    const { worker, warm, candidate, host } = act
    this.#handshake(act, (tookUs, reason) => {
      const of = { worker, warm, candidate, tookUs }
      if (!this.#dials.has(warm)) return undefined
      if (reason !== null) return { _tag: "WarmFailed", ...of, reason }
      const parked = { warm, candidate, host, sinceUs: this.atUs }
      this.#shelf.park(parked)
      this.later(act.keepForMs, () => void this.#lose(parked, "expired"))
      return { _tag: "WarmConnected", ...of }
    })
  }

  #network(): ToyNetwork {
    return {
      answerOf: (host) => this.answerOf(host),
      isImpostor: (host) => this.#impostors.has(host),
      failAfterMs: this.#failAfterMs,
      names: (name) => this.#names.get(name) ?? []
    }
  }

  /** The winner's socket is warm before the event is posted. */
  #race(act: Race): void {
    this.#ids.check("warm", act.race)
    this.races.push({ ...act, atUs: this.atUs })
    this.#racing.add(act.race)
    const { worker, race, upstream, plan, keepForMs } = act
    const { candidate, tried, tookMs } = runPlan(plan, this.#network())
    this.later(tookMs, () => {
      if (!this.#racing.delete(race)) return undefined
      const host = Candidates.find(this.state, candidate)?.host ?? ""
      const parked = { warm: race, candidate, host, sinceUs: this.atUs }
      if (candidate >= 0) this.#shelf.park(parked)
      if (candidate >= 0) this.later(keepForMs, () => void this.#lose(parked, "expired"))
      return { _tag: "Raced", worker, race, upstream, candidate, tried, tookUs: Math.round(tookMs * 1000) }
    })
  }

  #retire({ candidate, count }: Retire): void {
    for (const one of this.#shelf.oldest(candidate, count)) this.#lose(one, "drained")
  }

  #lose(parked: ToyWarmSocket, reason: WarmLoss): void {
    const lost = this.#shelf.lose(parked, reason, this.atUs)
    if (lost !== undefined) this.later(0, () => lost)
  }

  #resolve(act: Resolve): void {
    this.#ids.check("resolve", act.resolve)
    checkResolve(this.state, act)
    this.queries.push({ ...act, atUs: this.atUs })
    const { worker, resolve, upstream, host } = act
    this.later(this.resolvesAfterMs, () => {
      const addresses = this.#names.get(host)
      return addresses === undefined
        ? { _tag: "ResolveFailed", worker, resolve, upstream, reason: "ENOTFOUND" }
        : { _tag: "Resolved", worker, resolve, upstream, addresses, omitted: 0, silent: this.silent }
    })
  }

  #handshake(
    { host, timeoutMs }: Probe | DialWarm,
    event: (tookUs: number, failure: DialFailure | null) => Event | undefined
  ): void {
    const answer = this.answerOf(host)
    if (answer === "lost") return
    const late = typeof answer === "number" ? answer >= timeoutMs : answer === "timeout"
    const failure = late ? "timeout" : typeof answer === "number" ? null : answer
    const tookMs = late ? timeoutMs : typeof answer === "number" ? answer : this.#failAfterMs
    this.later(tookMs, () => event(Math.round(tookMs * 1000), failure))
  }
}
