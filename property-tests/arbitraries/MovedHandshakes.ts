/** Moves that end probes and warm dials, or that tell of ends that were told before, of unknown ones and of other candidates. */
import type { DialWarm, Probe } from "../../src/core/model/Decision.ts"
import type { WarmLoss } from "../../src/core/model/Event.ts"
import { probeEnd, warmEnd } from "../../src/sim/ends.ts"
import type { SimShell } from "../../src/sim/SimShell.ts"
import type { Begun } from "../../src/sim/UnderWay.ts"
import type { WarmSocket } from "../../src/sim/WarmSockets.ts"
import type { Move } from "./moves.ts"
import { failureOf, one, within } from "./moves.ts"

const UNHEARD_OF = 1_000_000

export class MovedHandshakes {
  readonly #shell: SimShell
  readonly #answered: Array<Begun<Probe>> = []
  readonly #dialled: Array<Begun<DialWarm>> = []
  readonly #lost: Array<WarmSocket> = []

  constructor(shell: SimShell) {
    this.#shell = shell
  }

  /** What the shell is about to forget may be told of again. */
  remember(): void {
    this.#answered.push(...this.#shell.probes.all)
    this.#dialled.push(...this.#shell.dials.all)
    this.#lost.push(...this.#shell.warm.all)
  }

  make(move: Move): void {
    const { probes, dials, warm } = this.#shell
    switch (move.kind) {
      case "answer": {
        const probe = one(probes.all, move)
        if (probe === undefined) return
        this.#answered.push(probe)
        return this.#answer(probe, move, probe.identity !== null)
      }
      case "answerAgain": {
        const probe = one(this.#answered, move)
        return probe === undefined ? undefined : this.#answer(probe, move)
      }
      case "answerUnknown":
        return this.#answer({ probe: UNHEARD_OF + move.pick, candidate: move.pick, atUs: 0 }, move)
      case "answerForAnother": {
        const [probe, other] = probes.all
        if (probe === undefined || other === undefined) return
        return this.#answer({ ...probe, candidate: other.candidate }, move)
      }
      case "warmAnswer": {
        const dial = one(dials.all, move)
        if (dial === undefined) return
        this.#dialled.push(dial)
        if (move.failure === null) this.#shell.keepWarm(dial.warm, dial.candidate)
        return this.#warm(dial, move)
      }
      case "warmAgain": {
        const again = one(this.#dialled, move)
        return again === undefined ? undefined : this.#warm(again, move)
      }
      case "warmUnknown":
        return this.#warm({ warm: UNHEARD_OF + move.pick, candidate: (1 << 20) + (move.pick % 12), atUs: 0 }, move)
      case "loseWarm": {
        const socket = one(warm.all, move)
        if (socket === undefined) return
        warm.remove(socket)
        return this.lose(socket, move.loss)
      }
      case "lostAgain": {
        const socket = one(this.#lost, move)
        return socket === undefined ? undefined : this.lose(socket, move.loss)
      }
    }
  }

  /** The core hears of the loss at once. */
  lose(socket: WarmSocket, reason: WarmLoss): void {
    this.#lost.push(socket)
    this.#shell.post(this.#shell.lossOf(socket, reason))
  }

  #answer({ probe, candidate, atUs }: Pick<Begun<Probe>, "probe" | "candidate" | "atUs">, move: Move, proves = false): void {
    const tookUs = within(this.#shell.clock.nowUs - atUs, move)
    const failure = failureOf(move.failure, proves)
    this.#shell.post(probeEnd({ worker: 0, probe, candidate }, tookUs, failure, proves ? "verified" : "unchecked"))
  }

  #warm({ warm, candidate, atUs }: Pick<Begun<DialWarm>, "warm" | "candidate" | "atUs">, move: Move): void {
    const tookUs = within(this.#shell.clock.nowUs - atUs, move)
    this.#shell.post(warmEnd({ worker: 0, warm, candidate }, tookUs, failureOf(move.failure, false)))
  }
}
