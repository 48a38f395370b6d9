/** A shell and a network made of moves: it holds what a real shell would hold, and posts what a real one would post. */
import type { Advanced } from "../../src/core/advance.ts"
import { advance } from "../../src/core/advance.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Decision, DialWarm, Probe, Race, Resolve } from "../../src/core/model/Decision.ts"
import { STRANGER } from "../../src/core/model/Event.ts"
import type { Attempt, DialFailure, Entry, Event, WarmLoss } from "../../src/core/model/Event.ts"
import { admits } from "../../src/core/access.ts"
import { isAvoided } from "../../src/core/identity.ts"
import type { DialAttempt, DialPlan, Routes } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import { pick, reasonOf } from "../../src/core/pick.ts"
import { initial } from "../../src/core/state.ts"
import type { Asked, Parked, Session } from "./held.ts"
import type { Move } from "./moves.ts"
import { recordsOf, wallMs } from "./pasts.ts"
import { wishOf } from "./wishes.ts"
import { one, taken } from "./moves.ts"

export interface Played {
  readonly first: State
  readonly last: State
  readonly entries: ReadonlyArray<Entry>
  readonly advanced: ReadonlyArray<Advanced>
}

/** Called after each entry with the state before it and what it brought about. */
export type Watch = (entry: Entry, before: State, advanced: Advanced) => void

const FAMILIES = ["ipv4", "ipv6"] as const
const UNHEARD_OF = 1_000_000

export class PlayedWorld {
  state: State
  readonly #first: State
  readonly #watch: Watch
  readonly #reloads: ReadonlyArray<Config>
  readonly #entries: Array<Entry> = []
  readonly #advanced: Array<Advanced> = []
  #probes: Array<Asked<Probe>> = []
  #dials: Array<Asked<DialWarm>> = []
  #queries: Array<Asked<Resolve>> = []
  #races: Array<Asked<Race>> = []
  readonly #raced: Array<Asked<Race>> = []
  #shelf: Array<Parked> = []
  readonly #answered: Array<Asked<Probe>> = []
  readonly #dialled: Array<Asked<DialWarm>> = []
  readonly #lost: Array<Parked> = []
  readonly #sessions: Array<Session> = []
  readonly #routes: Array<Routes> = []
  #atUs = 0
  #minted = 0
  #turn = 0

  constructor(config: Config, seed: number, watch: Watch, reloads: ReadonlyArray<Config>) {
    this.#reloads = reloads
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
    if (before.routes !== this.state.routes) this.#routes.push(this.state.routes)
    this.#watch(entry, before, advanced)
    for (const decision of advanced.decisions) this.#obey(decision)
  }

  make(move: Move): void {
    this.#atUs += move.gapUs
    switch (move.kind) {
      case "tick":
        this.#atUs = Math.max(this.#atUs, nextDeadline(this.state) ?? 0)
        return this.post({ _tag: "Ticked", worker: 0 })
      case "tickNow":
        return this.post({ _tag: "Ticked", worker: 0 })
      case "accept":
        return this.#accept(this.state.routes, move)
      case "acceptByOldRoutes":
        return this.#accept(one(this.#routes, move) ?? this.state.routes, move)
      case "close":
        return this.#close(taken(this.#sessions, move), move)
      case "closeUnknown":
        return this.#close({ ...this.#stranger(move), silence: "none", spoke: move.heard }, move)
      case "wall":
        return this.post({ _tag: "WallRead", worker: 0, wallMs: wallMs(this.#atUs, move) })
      case "workerLost":
        if (move.pick % 2 === 0) this.#forgetSockets()
        return this.post({ _tag: "WorkerLost", worker: move.pick % 2 })
      case "restart":
        this.#forgetSockets()
        return this.post({ _tag: "Started", worker: 0, wallMs: wallMs(this.#atUs, move) })
      case "history":
        return this.#load(move)
      case "interfaces":
        return this.post({
          ...{ _tag: "InterfacesChanged", worker: 0 },
          families: FAMILIES.filter((_, i) => (move.pick >> i) % 2 === 0)
        })
      case "silent":
      case "spoke":
      case "stalled":
      case "silentUnknown":
      case "pending":
      case "pendingUnknown":
        return this.#tell(move)
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
        return this.#handshake(move)
    }
  }

  #obey(decision: Decision): void {
    if (decision._tag === "Probe") this.#probes.push({ ...decision, atUs: this.#atUs })
    if (decision._tag === "DialWarm") this.#dials.push({ ...decision, atUs: this.#atUs })
    if (decision._tag === "Race") this.#races.push({ ...decision, atUs: this.#atUs })
    if (decision._tag === "Resolve") this.#queries.push({ ...decision, atUs: this.#atUs })
    if (decision._tag !== "Retire") return
    const retired = this.#shelf.filter(({ candidate }) => candidate === decision.candidate).slice(0, decision.count)
    this.#shelf = this.#shelf.filter((parked) => !retired.includes(parked))
    for (const parked of retired) this.#lose(parked, "drained")
  }

  #handshake(move: Move): void {
    switch (move.kind) {
      case "answer": {
        const probe = taken(this.#probes, move)
        if (probe === undefined) return
        this.#answered.push(probe)
        return this.#answer(probe.probe, probe.candidate, probe.atUs, move, probe.identity !== null)
      }
      case "answerAgain": {
        const probe = one(this.#answered, move)
        return probe === undefined ? undefined : this.#answer(probe.probe, probe.candidate, probe.atUs, move)
      }
      case "answerUnknown":
        return this.#answer(UNHEARD_OF + move.pick, move.pick, 0, move)
      case "answerForAnother": {
        const [probe, other] = this.#probes
        if (probe === undefined || other === undefined) return
        return this.#answer(probe.probe, other.candidate, probe.atUs, move)
      }
      case "warmAnswer":
        return this.#warm(taken(this.#dials, move), move)
      case "warmAgain": {
        const again = one(this.#dialled, move)
        return again === undefined ? undefined : this.#park(again, move)
      }
      case "warmUnknown":
        return this.#park({ warm: UNHEARD_OF + move.pick, candidate: (1 << 20) + (move.pick % 12), atUs: 0 }, move)
      case "loseWarm": {
        const parked = taken(this.#shelf, move)
        return parked === undefined ? undefined : this.#lose(parked, move.loss)
      }
      case "lostAgain": {
        const parked = one(this.#lost, move)
        return parked === undefined ? undefined : this.#lose(parked, move.loss)
      }
    }
  }

  /** No handshake takes longer than the time since it was asked for. */
  #took(atUs: number, { tookUs }: Move): number {
    return Math.min(tookUs, this.#atUs - atUs)
  }

  #answer(probe: number, candidate: number, atUs: number, move: Move, proves = false): void {
    const identity = proves ? "verified" : "unchecked"
    const of = { worker: 0, probe, candidate, tookUs: this.#took(atUs, move) }
    const reason = failureOf(move.failure, proves)
    this.post(reason === null ? { _tag: "ProbeSucceeded", ...of, identity } : { _tag: "ProbeFailed", ...of, reason })
  }

  #warm(dial: Asked<DialWarm> | undefined, move: Move): void {
    if (dial === undefined) return
    this.#dialled.push(dial)
    if (move.failure === null) {
      this.#shelf.push({ warm: dial.warm, candidate: dial.candidate, sinceUs: this.#atUs })
    }
    this.#park(dial, move)
  }

  #park({ warm, candidate, atUs }: Pick<Asked<DialWarm>, "warm" | "candidate" | "atUs">, move: Move): void {
    const of = { worker: 0, warm, candidate, tookUs: this.#took(atUs, move) }
    const reason = failureOf(move.failure, false)
    this.post(reason === null ? { _tag: "WarmConnected", ...of } : { _tag: "WarmFailed", ...of, reason })
  }

  #lose(parked: Parked, reason: WarmLoss): void {
    const { warm, candidate, sinceUs } = parked
    this.#lost.push(parked)
    this.post({ _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs: this.#atUs - sinceUs })
  }

  /** As if another run had left this, and much later than right after the start. */
  #load(move: Move): void {
    const records = recordsOf(this.state, wallMs(this.#atUs, move), move)
    this.post({ _tag: "HistoryLoaded", worker: 0, network: move.heard ? "home" : "", records })
  }

  #resolved(move: Move): void {
    const isPart = move.kind === "resolveAnswer" && move.failure === null && move.pick % 3 === 2
    const query = move.kind === "resolveAgain" ? undefined : isPart ? one(this.#queries, move) : taken(this.#queries, move)
    if (query === undefined && move.kind === "resolveAnswer") return
    const resolve = query?.resolve ?? move.pick % Math.max(1, this.state.minted.resolve)
    const of = { worker: 0, resolve, upstream: query?.upstream ?? move.pick % 3 }
    this.post(
      move.failure === null
        ? {
          _tag: "Resolved",
          ...of,
          addresses: move.hosts,
          omitted: 0,
          silent: move.pick % 4 === 3 ? 1 : 0,
          ...(isPart ? { more: true } : {})
        }
        : { _tag: "ResolveFailed", ...of, reason: "ENOTFOUND" }
    )
  }

  #demand(move: Move): void {
    const told = move.pick % 3 === 0 ? one(this.state.routes.upstreams, move)?.id ?? -1 : -1
    const host = ["web.example", "a.example", "b.example", "c.example", "198.18.0.3"][move.client % 5]!
    const of = told < 0 ? { host, port: move.pick % 2 === 0 ? 443 : 22 } : { host: "", port: 0 }
    this.post({ _tag: "DomainRequested", worker: 0, upstream: told, ...of })
  }

  /** Dials end as the move says; the first that connects wins, and its socket becomes a warm one at once. */
  #race(move: Move): void {
    const race = move.kind === "raceAgain" ? one(this.#raced, move) : taken(this.#races, move)
    if (race === undefined) return
    const tried: Array<Attempt> = []
    const tookUs = this.#took(race.atUs, move)
    for (const [i, outcome] of move.outcomes.slice(0, race.plan.attempts.length).entries()) {
      const { candidate, verify } = race.plan.attempts[i]!
      const proven = outcome === "connected" && verify !== undefined ? { verified: true } as const : {}
      const told = outcome === "certificate" ? failureOf(outcome, verify !== undefined) ?? outcome : outcome
      tried.push({ candidate, outcome: told, tookUs, ...proven })
      if (outcome === "connected") break
    }
    const candidate = tried.find(({ outcome }) => outcome === "connected")?.candidate ?? -1
    if (move.kind === "raceAnswer") {
      this.#raced.push(race)
      if (candidate >= 0) this.#shelf.push({ warm: race.race, candidate, sinceUs: this.#atUs })
    }
    this.post({ _tag: "Raced", worker: 0, race: race.race, upstream: race.upstream, candidate, tried, tookUs })
  }

  /** A client that takes the oldest warm socket, or follows the plan as far as the move's outcomes go. */
  #accept(routes: Routes, move: Move): void {
    const upstream = routes.upstreams[move.pick % Math.max(1, routes.upstreams.length)]
    if (upstream === undefined) return
    const connections = (id: number) => this.#sessions.filter((one) => one.candidate === id).length
    const warm = (id: number) => this.#shelf.filter((one) => one.candidate === id).length
    let drawn = 0
    const chance = { draw: () => move.draws[drawn++ % move.draws.length]!, turn: () => this.#turn++ }
    const chosen = pick(upstream, connections, warm, chance, () => String(move.client))
    const parked = this.#shelf.find((one) => one.candidate === chosen?.candidate)
    this.#shelf = this.#shelf.filter((other) => other !== parked)
    const plan = parked === undefined ? (chosen?.plan ?? upstream.lastResort).attempts : []
    const tried: Array<Attempt> = []
    let candidate = parked?.candidate ?? -1
    for (const [i, outcome] of move.outcomes.slice(0, plan.length).entries()) {
      const { candidate: id, host, verify } = plan[i]!
      const stranger = id < 0 ? { host: outcome === "connected" ? strangerOf(plan, plan[i]!) : host } : {}
      const proven = outcome === "connected" && verify !== undefined ? { verified: true } as const : {}
      const told = outcome === "certificate" ? failureOf(outcome, verify !== undefined) ?? outcome : outcome
      tried.push({ candidate: id, ...stranger, outcome: told, tookUs: Math.floor(this.#took(0, move) / (i + 1)), ...proven })
      if (outcome === "connected") candidate = id < 0 ? STRANGER : id
      if (outcome === "connected") break
    }
    const session = ++this.#minted
    const of = { worker: move.pick % 7 === 0 ? 1 : 0, session, candidate, client: move.client }
    if (candidate !== -1) this.#sessions.push({ ...of, fromUs: this.#atUs, silence: "none", spoke: false })
    const why = reasonOf(upstream, chosen?.candidate ?? -1)
    const choice = { upstream: upstream.id, routes: routes.version, chosen: chosen?.candidate ?? -1, why }
    this.post({ _tag: "ClientAccepted", ...of, listener: "web", ...choice, warm: parked?.warm ?? 0, tried })
  }

  #close(session: Session | undefined, { tookUs, cause, heard, pick }: Move): void {
    if (session === undefined) return
    const { fromUs, silence, spoke, ...of } = session
    const durationUs = this.#atUs - fromUs
    const firstByteUs = spoke || (heard && silence === "none") ? Math.min(tookUs, durationUs) : -1
    const answerUs = firstByteUs >= 0 && pick % 3 > 0 ? Math.floor(firstByteUs / 2) : -1
    const bytes = { bytesUp: pick % 5 > 0 ? 10 : 0, bytesDown: firstByteUs < 0 ? 0 : 20 }
    this.post({ _tag: "ClientClosed", ...of, ...bytes, firstByteUs, answerUs, durationUs, silence, cause })
  }

  /** Reports about sessions and dials under way. */
  #tell(move: Move): void {
    const told = (from: Session["silence"]) =>
      one(this.#sessions.filter(({ silence, spoke }) => silence === from && !spoke), move)
    const of = (session: Session) => ({ worker: 0, session: session.session, candidate: session.candidate })
    if (move.kind === "pending" || move.kind === "pendingUnknown") {
      const plans = this.state.routes.upstreams.flatMap(({ lastResort }) => lastResort.attempts)
      const candidate = move.kind === "pendingUnknown" ? move.pick : one(plans, move)?.candidate
      if (candidate === undefined) return
      return this.post({ _tag: "DialPending", worker: 0, candidate, pendingUs: this.#took(0, move) })
    }
    if (move.kind === "silent" || move.kind === "silentUnknown") {
      const silent = move.kind === "silent" ? told("none") : this.#stranger(move)
      if (silent === undefined) return
      silent.silence = "silent"
      return this.post({ _tag: "SessionSilent", ...of(silent), waitedUs: this.#took(silent.fromUs, move) })
    }
    const silent = told("silent") ?? told("stalled")
    if (silent === undefined) return
    if (move.kind === "spoke") {
      silent.spoke = true
      silent.silence = "none"
      return this.post({ _tag: "SessionSpoke", ...of(silent) })
    }
    if (silent.silence === "stalled") return
    silent.silence = "stalled"
    this.post({ _tag: "SessionStalled", ...of(silent), client: silent.client })
  }

  #stranger({ pick, client }: Move): Session {
    const of = { session: -1 - pick, candidate: (1 << 20) + (pick % 12), worker: pick % 2, client }
    return { ...of, fromUs: 0, silence: "none", spoke: false }
  }

  /** What a lost worker held is gone; answers that were under way may still come later. */
  #forgetSockets(): void {
    this.#answered.push(...this.#probes.splice(0))
    this.#dialled.push(...this.#dials.splice(0))
    this.#lost.push(...this.#shelf.splice(0))
    this.#queries.splice(0)
    this.#raced.push(...this.#races.splice(0))
    this.#sessions.splice(0)
  }
}

/** A candidate that was asked for no certificate cannot fail to show it. */
function failureOf(failure: DialFailure | null, proves: boolean): DialFailure | null {
  return failure === "certificate" && !proves ? "reset" : failure
}

/** An address that a name may have and the plan does not know; the name itself where there is none. */
function strangerOf(plan: DialPlan["attempts"], { host: name, resolve }: DialAttempt): string {
  const hosts = Array.from({ length: 6 }, (_, i) => `203.0.113.${70 + i}`)
  const may = (host: string) =>
    resolve !== undefined && admits(resolve.access, host) && !isAvoided(resolve, host)
    && !plan.some((one) => one.host === host)
  return hosts.find(may) ?? name
}
