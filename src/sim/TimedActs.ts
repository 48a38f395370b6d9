/** Ends the acts of the simulated shell in virtual time, as the network answers. */
import type { DialWarm, Probe, Race, Resolve } from "../core/model/Decision.ts"
import type { DialFailure, Event } from "../core/model/Event.ts"
import { runPlan } from "./dialPlan.ts"
import { probeEnd, warmEnd } from "./ends.ts"
import type { Answering, Purpose } from "./Network.ts"
import type { SimShell, TimedAct } from "./SimShell.ts"

type End = (tookUs: number, failure: DialFailure | null) => Event | undefined

export class TimedActs {
  readonly #shell: SimShell
  readonly #network: Answering

  constructor(shell: SimShell, network: Answering) {
    this.#shell = shell
    this.#network = network
  }

  began(act: TimedAct): void {
    switch (act._tag) {
      case "Probe":
        return this.#probe(act)
      case "DialWarm":
        return this.#dialWarm(act)
      case "Race":
        return this.#race(act)
      case "Resolve":
        return this.#resolve(act)
    }
  }

  #probe(act: Probe): void {
    this.#handshake(act, "probe", (tookUs, failure) => {
      if (failure !== null || act.identity === null) return probeEnd(act, tookUs, failure, "unchecked")
      // A proof takes as long again as the handshake.
      const proof = this.#network.isImpostor(act.host) ? "certificate" : null
      this.#shell.later(tookUs / 1000, () => probeEnd(act, tookUs, proof, "verified"))
      return undefined
    })
  }

  #dialWarm(act: DialWarm): void {
    const { warm, candidate, keepForMs } = act
    this.#handshake(act, "warm", (tookUs, failure) => {
      if (this.#shell.dials.get(warm) === undefined) return undefined
      if (failure === null) this.#keepWarm(warm, candidate, keepForMs)
      return warmEnd(act, tookUs, failure)
    })
  }

  /** The winner's socket is warm before the event is posted. */
  #race({ worker, race, upstream, plan, keepForMs }: Race): void {
    const { candidate: first, tried, tookMs } = runPlan(plan, this.#network)
    // The plan of a race has no name, so no system address can win.
    const candidate = first === "system" ? "none" : first
    this.#shell.later(tookMs, () => {
      if (this.#shell.races.get(race) === undefined) return undefined
      if (candidate !== "none") this.#keepWarm(race, candidate, keepForMs)
      return { _tag: "Raced", worker, race, upstream, candidate, tried, tookUs: Math.round(tookMs * 1000) }
    })
  }

  #resolve(act: Resolve): void {
    const { names } = this.#network
    this.#shell.later(names.resolvesAfterMs, () => {
      this.#shell.queries.end(act.resolve)
      return names.answer(act)
    })
  }

  #keepWarm(warm: number, candidate: number, keepForMs: number): void {
    const socket = this.#shell.keepWarm(warm, candidate)
    this.#shell.later(keepForMs, () => void this.#shell.lose(socket, "expired"))
  }

  #handshake({ host, port, timeoutMs }: Probe | DialWarm, purpose: Purpose, end: End): void {
    const answer = this.#network.answerOf(host, purpose, port)
    if (answer === "lost") return
    const { tookMs, outcome } = this.#network.endOf(answer, timeoutMs)
    this.#shell.later(tookMs, () => end(Math.round(tookMs * 1000), outcome === "connected" ? null : outcome))
  }
}
