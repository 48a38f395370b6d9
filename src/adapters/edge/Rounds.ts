/**
 * Rounds: the times in which the core's acts are carried out. A worker has sockets and timers only during a request or a
 * scheduled event. So a round begins in one of them, begins the acts that are due, and ends when nothing is under way and
 * nothing is due soon.
 *
 * There is one round at a time. A round never ends by itself if its request ended early: when its time is over, the next one
 * tells the core that its sockets are lost, and takes its place.
 */
import type { Event } from "../../core/model/Event.ts"
import type { Cancel, Dialler } from "../../plane/ports/Transport.ts"
import { carryOut } from "./carryOut.ts"
import type { EdgeCore } from "./EdgeCore.ts"
import type { ResolveHost } from "./resolving.ts"

export interface RoundLimits {
  /** Time of a round, in ms. What is under way then is cancelled. */
  readonly roundMs: number
  /** Probes, races and queries that one round begins at most. The others wait for the next round. */
  readonly actsPerRound: number
  /** A round waits for what is due within this time, in ms, and leaves the rest to the next one. */
  readonly lingerMs: number
}

export class Rounds {
  readonly #core: EdgeCore
  readonly #dialler: Dialler
  readonly #resolve: ResolveHost | undefined
  readonly #limits: RoundLimits
  /** The number of the last round, and until when it may be under way; -1: it is over. */
  #round = 0
  #untilUs = -1

  constructor(core: EdgeCore, dialler: Dialler, resolve: ResolveHost | undefined, limits: RoundLimits) {
    this.#core = core
    this.#dialler = dialler
    this.#resolve = resolve
    this.#limits = limits
  }

  /** Whether a round would find something to do. */
  get isDue(): boolean {
    return !this.#isUnderWay && (this.#core.hasActs || this.#core.dueInMs <= 0)
  }

  get #isUnderWay(): boolean {
    return this.#untilUs >= 0 && this.#dialler.nowUs() < this.#untilUs
  }

  /** Resolves when the round is over; at once, if another request's round is under way. It never rejects. */
  run(): Promise<void> {
    if (this.#isUnderWay) return Promise.resolve()
    if (this.#untilUs >= 0) this.#core.lost()
    const round = ++this.#round
    this.#untilUs = this.#dialler.nowUs() + this.#limits.roundMs * 1000
    this.#core.readWall()
    return new Promise((resolve) => {
      this.#carryOut(() => round === this.#round, () => {
        if (round === this.#round) this.#untilUs = -1
        resolve()
      })
    })
  }

  /** `isLatest`: no later round has taken the place of this one. */
  #carryOut(isLatest: () => boolean, finished: () => void): void {
    const { roundMs, actsPerRound, lingerMs } = this.#limits
    const core = this.#core
    const underWay = new Set<Cancel>()
    let begun = 0
    let over = false
    let stopTimer: Cancel = () => {}

    const finish = () => {
      over = true
      stopTimer()
      stopLimit()
      finished()
    }
    const begin = () => {
      const act = begun < actsPerRound ? core.take() : undefined
      if (act === undefined) return false
      begun++
      const cancel = carryOut(this.#dialler, this.#resolve, act, (events: ReadonlyArray<Event>) => {
        if (over) return
        underWay.delete(cancel)
        if (!isLatest()) return finish()
        for (const event of events) core.post(event)
        proceed()
      })
      underWay.add(cancel)
      return true
    }
    const proceed = () => {
      stopTimer()
      core.catchUp()
      while (begin());
      const waitMs = core.dueInMs
      const isSoon = waitMs <= lingerMs && begun < actsPerRound
      if (underWay.size === 0 && !isSoon) return finish()
      if (waitMs < roundMs) stopTimer = this.#dialler.timerUnsafe(Math.max(1, waitMs), proceed)
    }
    const stopLimit = this.#dialler.timerUnsafe(roundMs, () => {
      if (over) return
      for (const cancel of underWay) cancel()
      if (isLatest() && underWay.size > 0) core.lost()
      finish()
    })
    proceed()
  }
}
