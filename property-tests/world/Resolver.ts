/** The resolver of the world: it tells the truth, lies, flaps or is silent, as the script says. */
import type { Cancel } from "../../src/plane/ports/Transport.ts"
import type { QueryDns } from "../../src/plane/DnsQueries.ts"
import type { VirtualClock } from "../../src/sim/VirtualClock.ts"
import type { Lie, Script } from "./script.ts"
import type { Truth } from "./Truth.ts"

export type Answer = ReadonlyArray<string> | "silent" | "fails"
const TOOK_MS = 12

export class Resolver {
  /** What each name truly leads to. */
  readonly names = new Map<string, ReadonlyArray<string>>()
  readonly #lies: ReadonlyArray<Lie>
  readonly #truth: Truth
  readonly #clock: VirtualClock
  readonly #denied: ReadonlyArray<string>
  #queries = 0

  constructor(script: Script, truth: Truth, clock: VirtualClock) {
    this.#truth = truth
    this.#clock = clock
    this.#lies = script.lies
    const hostAt = (pick: number) => truth.hosts[pick % truth.hosts.length] as string
    this.#denied = script.denied.map(hostAt)
    script.services.forEach(({ name }, i) => {
      if (name.length > 0) this.names.set(nameOf(i), [...new Set(name.map(hostAt))])
    })
    this.names.set(DEMANDED, [...new Set(script.places.map((_, i) => hostAt(i * 7)))].slice(0, 3))
  }

  answer(name: string): Answer {
    this.#queries++
    const nowMs = this.#clock.nowMs
    const told = this.names.get(name)
    const names = [...this.names.keys()]
    const lie = this.#lies.find(({ pick, at, seconds }) => {
      const fromMs = this.#truth.momentOf(at)
      const toMs = Math.min(fromMs + seconds * 1000, this.#truth.runMs)
      return names[pick % names.length] === name && nowMs >= fromMs && nowMs < toMs
    })
    if (told === undefined) return "fails"
    switch (lie?.kind) {
      case "silent":
      case "fails":
        return lie.kind
      case "empty":
        return []
      case "wrong":
        return ["198.19.9.1", "198.19.9.2"]
      case "denied":
        return [...this.#denied, ...told]
      case "flaps":
        return this.#queries % 2 === 0 ? told.slice(0, 1) : ["198.19.9.1"]
      case undefined:
        return told
    }
  }

  /** Calls back once, unless it is cancelled before or the resolver is silent. */
  ask(name: string, answered: (answer: Exclude<Answer, "silent">) => void): Cancel {
    const answer = this.answer(name)
    return answer === "silent" ? () => {} : this.#clock.after(TOOK_MS, () => answered(answer))
  }

  /** For clients on their last resort. */
  readonly query: QueryDns = (host, _limits, answer) => this.ask(host, (told) => answer(told === "fails" ? [] : told, true))
}

export function nameOf(service: number): string {
  return `s${service}.example`
}
/** A name that no upstream is configured for. */
export const DEMANDED = "found.example"
