/**
 * The one simulated shell: it folds events into the real core, begins the acts that the core decides, and holds what a shell holds: acts
 * under way, warm sockets and sessions. It has no opinion on when an act ends: its driver tells.
 */
import type { Decision, DialWarm, Probe, Race, Resolve, Retire } from "../core/model/Decision.ts"
import type { Event, WarmLoss, WarmLost } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import type { CoreRun, Folded } from "./CoreRun.ts"
import { Sessions } from "./Sessions.ts"
import { UnderWay } from "./UnderWay.ts"
import type { VirtualClock } from "./VirtualClock.ts"
import type { WarmSocket } from "./WarmSockets.ts"
import { WarmSockets } from "./WarmSockets.ts"

/** An act that ends some time. */
export type TimedAct = Probe | DialWarm | Resolve | Race

/** What hears of the shell's doings, and posts the ends of acts. */
export interface Driver {
  readonly folded: (folded: Folded) => void
  /** A decision, before the shell obeys it. */
  readonly decided: (decision: Decision, folded: Folded) => void
  readonly began: (act: TimedAct) => void
  /** The core had a warm socket closed, which the core still has to hear. */
  readonly retired: (socket: WarmSocket) => void
}

export class SimShell {
  readonly clock: VirtualClock
  readonly probes = new UnderWay<Probe>()
  readonly dials = new UnderWay<DialWarm>()
  readonly queries = new UnderWay<Resolve>()
  readonly races = new UnderWay<Race>()
  readonly warm = new WarmSockets()
  readonly sessions = new Sessions()
  readonly core: CoreRun
  readonly #driver: Driver

  constructor(core: CoreRun, clock: VirtualClock, driver: Driver) {
    this.core = core
    this.clock = clock
    this.#driver = driver
  }

  get state(): State {
    return this.core.state
  }

  /** Folds one event now, and begins what the core decides. */
  post(event: Event): void {
    this.#settle(event)
    this.sessions.follow(event, this.clock.nowUs)
    const folded = this.core.fold(event, this.clock.nowUs)
    this.#driver.folded(folded)
    for (const decision of folded.advanced.decisions) {
      this.#driver.decided(decision, folded)
      this.#obey(decision)
    }
  }

  /** Posts the event after a while, if there is one by then. */
  later(delayMs: number, event: () => Event | undefined): void {
    this.clock.at(Math.round(this.clock.nowUs + delayMs * 1000), () => {
      const posted = event()
      if (posted !== undefined) this.post(posted)
    })
  }

  /** The socket is warm from now on. */
  keepWarm(warm: number, candidate: number): WarmSocket {
    const socket = { warm, candidate, sinceUs: this.clock.nowUs }
    this.warm.add(socket)
    return socket
  }

  /** Loses a warm socket, if no client took it. The event comes after all that is due now. */
  lose(socket: WarmSocket, reason: WarmLoss): void {
    if (!this.warm.remove(socket)) return
    const lost = this.lossOf(socket, reason)
    this.later(0, () => lost)
  }

  /** The event of a warm socket that is lost now. */
  lossOf({ warm, candidate, sinceUs }: WarmSocket, reason: WarmLoss): WarmLost {
    return { _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs: this.clock.nowUs - sinceUs }
  }

  /** All that it held is gone, as after the end of a process. */
  forget(): void {
    for (const held of [this.probes, this.dials, this.queries, this.races, this.warm, this.sessions]) held.clear()
  }

  #settle(event: Event): void {
    switch (event._tag) {
      case "Started":
        return this.forget()
      case "WorkerLost":
        return event.worker === 0 ? this.forget() : undefined
      case "ProbeSucceeded":
      case "ProbeFailed":
        if (this.probes.get(event.probe)?.candidate === event.candidate) this.probes.end(event.probe)
        return
      case "WarmConnected":
      case "WarmFailed":
        return void this.dials.end(event.warm)
      case "Raced":
        return void this.races.end(event.race)
    }
  }

  #obey(decision: Decision): void {
    const { nowUs } = this.clock
    switch (decision._tag) {
      case "Probe":
        this.probes.begin(decision.probe, decision, nowUs)
        return this.#driver.began(decision)
      case "DialWarm":
        this.dials.begin(decision.warm, decision, nowUs)
        return this.#driver.began(decision)
      case "Race":
        this.races.begin(decision.race, decision, nowUs)
        return this.#driver.began(decision)
      case "Resolve":
        this.queries.begin(decision.resolve, decision, nowUs)
        return this.#driver.began(decision)
      case "Retire":
        return this.#retire(decision)
    }
  }

  #retire({ candidate, count }: Retire): void {
    const retired = this.warm.of(candidate).slice(0, count)
    for (const socket of retired) this.warm.remove(socket)
    for (const socket of retired) this.#driver.retired(socket)
  }
}
