/**
 * A world that keeps the real core busy: candidates with their own latencies and now and then a failure, clients that come
 * at an even rate and stay a while, warm sockets that wait for them, the clock's ticks, a wall clock. It makes entries in
 * the order in which they would come.
 */
import type { Advance, Advanced } from "../../src/core/advance.ts"
import { advance as coreAdvance } from "../../src/core/advance.ts"
import { find } from "../../src/core/candidates.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import * as Rng from "../../src/core/math/Rng.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { DialWarm, Probe, Retire } from "../../src/core/model/Decision.ts"
import type { ClientAccepted, Entry, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { pick, reasonOf } from "../../src/core/pick.ts"
import { initial } from "../../src/core/state.ts"

interface Later {
  readonly at: number
  readonly event: Event
}

interface Parked {
  readonly warm: number
  readonly candidate: number
  readonly fromUs: number
  readonly untilUs: number
}

const SESSION_US = 300_000
const FAILS_ONE_IN = 200
const WALL_EVERY_US = 60_000_000

export class World {
  state: State
  readonly #clientEveryUs: number
  readonly #advance: Advance
  readonly #counts = new Map<number, number>()
  #rng: Rng.Rng
  #seq = 0
  #session = 1
  #nextClientUs: number
  #nextWallUs = WALL_EVERY_US
  #answers: Array<Later> = []
  #parked: Array<Parked> = []
  #turn = 0
  readonly #leaving: Array<Later> = []
  #left = 0

  constructor(config: Config, clientsPerSecond: number, advance: Advance = coreAdvance) {
    this.state = initial(config, 1)
    this.#advance = advance
    this.#rng = Rng.make(7)
    this.#clientEveryUs = Math.round(1_000_000 / clientsPerSecond)
    this.#nextClientUs = this.#clientEveryUs
  }

  /** The next thing that happens, folded already. */
  next(): { readonly entry: Entry; readonly advanced: Advanced } {
    const { at, event } = this.#seq === 0 ? started : this.#earliest()
    const entry: Entry = { seq: this.#seq++, at: Math.max(at, this.state.at), event }
    const advanced = this.#advance(this.state, entry)
    this.state = advanced.state
    if (event._tag === "WarmConnected") this.#park(event.warm, event.candidate, entry.at)
    for (const decision of advanced.decisions) {
      if (decision._tag === "Probe" || decision._tag === "DialWarm") this.#answerLater(decision, entry.at)
      if (decision._tag === "Retire") this.#retire(decision, entry.at)
    }
    return { entry, advanced }
  }

  #earliest(): Later {
    const tickUs = nextDeadline(this.state) ?? Infinity
    const leaving = this.#leaving[this.#left]
    const answer = this.#answers.reduce<Later | undefined>((a, b) => (a === undefined || b.at < a.at ? b : a), undefined)
    const oldUs = this.#parked.reduce((least, { untilUs }) => Math.min(least, untilUs), Infinity)
    const others = Math.min(leaving?.at ?? Infinity, answer?.at ?? Infinity, oldUs)
    const least = Math.min(tickUs, others, this.#nextClientUs, this.#nextWallUs)
    if (least === tickUs) return { at: tickUs, event: { _tag: "Ticked", worker: 0 } }
    if (answer !== undefined && least === answer.at) {
      this.#answers = this.#answers.filter((other) => other !== answer)
      return answer
    }
    if (least === oldUs) return this.#lose(this.#parked.find(({ untilUs }) => untilUs === oldUs)!, least, "expired")
    if (leaving !== undefined && least === leaving.at) return this.#leave(leaving)
    if (least === this.#nextClientUs) return this.#arrive(least)
    this.#nextWallUs += WALL_EVERY_US
    return { at: least, event: { _tag: "WallRead", worker: 0, wallMs: 1_700_000_000_000 + Math.round(least / 1000) } }
  }

  #arrive(at: number): Later {
    this.#nextClientUs += this.#clientEveryUs
    const routes = this.state.routes.upstreams[0]
    if (routes === undefined) return { at, event: { _tag: "WallRead", worker: 0, wallMs: 1_700_000_000_000 } }
    const waiting = (id: number) => this.#parked.reduce((sum, one) => (one.candidate === id ? sum + 1 : sum), 0)
    const chance = { draw: () => this.#under(1_000) / 1_000, turn: () => this.#turn++ }
    const chosen = pick(routes, (id) => this.#counts.get(id) ?? 0, waiting, chance)
    const candidate = chosen?.candidate ?? routes.lastResort.attempts[0]?.candidate ?? -1
    const parked = this.#parked.findLast((one) => one.candidate === chosen?.candidate)
    if (parked !== undefined) this.#parked = this.#parked.filter((other) => other !== parked)
    this.#counts.set(candidate, (this.#counts.get(candidate) ?? 0) + 1)
    const tookUs = parked === undefined ? this.#tookUs(candidate) : 0
    const client = 1 + this.#under(1_000)
    const event: ClientAccepted = {
      _tag: "ClientAccepted",
      worker: 0,
      session: this.#session++,
      listener: "web",
      upstream: 0,
      routes: this.state.routes.version,
      chosen: chosen?.candidate ?? -1,
      why: reasonOf(routes, chosen?.candidate ?? -1),
      candidate,
      warm: parked?.warm ?? 0,
      client,
      tried: parked === undefined ? [{ candidate, outcome: "connected", tookUs }] : []
    }
    const closed: Event = {
      _tag: "ClientClosed",
      worker: 0,
      session: event.session,
      candidate,
      client,
      bytesUp: 517,
      bytesDown: 4_096 + this.#under(60_000),
      firstByteUs: tookUs + 900,
      answerUs: 900,
      silence: "none",
      durationUs: SESSION_US,
      cause: "done"
    }
    this.#leaving.push({ at: at + SESSION_US, event: closed })
    return { at, event }
  }

  #leave(leaving: Later): Later {
    if (++this.#left > 1_024) this.#leaving.splice(0, this.#left), (this.#left = 0)
    const { candidate } = leaving.event as Extract<Event, { readonly _tag: "ClientClosed" }>
    this.#counts.set(candidate, (this.#counts.get(candidate) ?? 1) - 1)
    return leaving
  }

  #park(warm: number, candidate: number, fromUs: number): void {
    this.#parked.push({ warm, candidate, fromUs, untilUs: fromUs + 16_000_000 + this.#under(4_000_000) })
  }

  #retire({ candidate, count }: Retire, at: number): void {
    const retired = this.#parked.filter((one) => one.candidate === candidate).slice(0, count)
    for (const one of retired) this.#answers.push(this.#lose(one, at, "drained"))
  }

  #lose(parked: Parked, at: number, reason: "expired" | "drained"): Later {
    this.#parked = this.#parked.filter((other) => other !== parked)
    const { warm, candidate, fromUs } = parked
    return { at, event: { _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs: at - fromUs } }
  }

  #answerLater(act: Probe | DialWarm, at: number): void {
    const { worker, candidate, timeoutMs } = act
    const fails = this.#under(FAILS_ONE_IN) === 0
    const tookUs = fails ? timeoutMs * 1000 : this.#tookUs(candidate)
    const reason = "timeout" as const
    const of = { worker, candidate, tookUs }
    const answer: Event = act._tag === "Probe"
      ? fails
        ? { _tag: "ProbeFailed", probe: act.probe, ...of, reason }
        : { _tag: "ProbeSucceeded", probe: act.probe, ...of, identity: "unchecked" }
      : fails
      ? { _tag: "WarmFailed", warm: act.warm, ...of, reason }
      : { _tag: "WarmConnected", warm: act.warm, ...of }
    this.#answers.push({ at: at + tookUs, event: answer })
  }

  /** Each candidate has a latency of its own between 10 and 90 ms and up to 4 ms of noise. */
  #tookUs(id: number): number {
    const ordinal = find(this.state, id)?.ordinal ?? 1
    return 10_000 + ((ordinal * 7_919) % 80_000) + this.#under(4_000)
  }

  #under(limit: number): number {
    const drawn = Rng.uniform(this.#rng)
    this.#rng = drawn.rng
    return Math.floor(drawn.value * limit)
  }
}

const started: Later = { at: 0, event: { _tag: "Started", worker: 0, wallMs: 1_700_000_000_000 } }
