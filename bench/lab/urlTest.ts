/**
 * mihomo's url-test rule, simulated: the address with the lowest last sample, kept while no other is better by more than 50 ms
 * (`tolerance`, as in its documents). All are sampled each 300 s by a handshake and a request, at once when a dial was
 * refused, and when five dials failed within 5 s. A choice stands for 10 s. An address that did not answer its last sample
 * counts as dead; when all are, the first of the list is taken.
 */
import type { Dialled } from "./simulated.ts"
import { LISTED } from "./setups.ts"
import { SimulatedNetwork } from "./simulated.ts"
import type { Role, Trouble } from "./trouble.ts"
import { RTT_MS } from "./trouble.ts"

const TEST_EVERY_MS = 300_000
const TIMEOUT_MS = 5_000
const TOLERANCE_MS = 50
const CHOICE_STANDS_MS = 10_000
const FAILURES = 5
const FAILURES_WITHIN_MS = 5_000

export class UrlTest {
  readonly #network: SimulatedNetwork
  readonly #isRefused: boolean
  readonly #lastMs = new Map<Role, number>(LISTED.map((role) => [role, 2 * RTT_MS[role]]))
  readonly #due: Array<{ readonly atMs: number; readonly act: () => void }> = []
  #chosen: Role = "best"
  #chosenAtMs = -Infinity
  #nextTestMs: number
  #testedUntilMs = -Infinity
  #failedMs: ReadonlyArray<number> = []

  /** `phase`: which part of the time between two tests is over when the trouble begins. */
  constructor(trouble: Trouble, phase: number) {
    this.#network = new SimulatedNetwork(trouble)
    this.#isRefused = trouble.fault === "refuse"
    this.#nextTestMs = (1 - phase) * TEST_EVERY_MS
  }

  /** Clients come in the order of time. */
  client(atMs: number): { readonly role: Role; readonly dialled: Dialled } {
    this.#passTo(atMs)
    const role = this.#choose(atMs)
    const dialled = this.#network.dial(role, atMs, TIMEOUT_MS)
    const endedMs = atMs + dialled.tookMs
    this.#later(endedMs, () => dialled.isUp ? this.#failedMs = [] : this.#failed(endedMs))
    return { role, dialled }
  }

  #sampleOf(role: Role): number {
    return this.#lastMs.get(role) ?? Infinity
  }

  #choose(atMs: number): Role {
    if (atMs < this.#chosenAtMs + CHOICE_STANDS_MS) return this.#chosen
    const fastest = LISTED.reduce((least, role) => this.#sampleOf(role) < this.#sampleOf(least) ? role : least)
    const chosenMs = this.#sampleOf(this.#chosen)
    if (chosenMs === Infinity || chosenMs > this.#sampleOf(fastest) + TOLERANCE_MS) this.#chosen = fastest
    this.#chosenAtMs = atMs
    return this.#chosen
  }

  #failed(atMs: number): void {
    if (this.#isRefused) return this.#test(atMs)
    this.#failedMs = [...this.#failedMs.filter((one) => one > atMs - FAILURES_WITHIN_MS), atMs]
    if (this.#failedMs.length >= FAILURES) this.#test(atMs)
  }

  /** Samples all addresses, unless that is under way already. */
  #test(atMs: number): void {
    if (atMs < this.#testedUntilMs) return
    const samples = LISTED.map((role) => ({ role, ...this.#network.dial(role, atMs, TIMEOUT_MS) }))
    this.#testedUntilMs = atMs + Math.max(...samples.map(({ tookMs }) => tookMs))
    for (const { role, isUp, tookMs } of samples) {
      this.#later(atMs + tookMs, () => this.#lastMs.set(role, isUp ? tookMs + RTT_MS[role] : Infinity))
    }
  }

  #later(atMs: number, act: () => void): void {
    this.#due.push({ atMs, act })
    this.#due.sort((a, b) => a.atMs - b.atMs)
  }

  #passTo(untilMs: number): void {
    for (;;) {
      const atMs = this.#due[0]?.atMs ?? Infinity
      if (Math.min(atMs, this.#nextTestMs) > untilMs) return
      if (atMs <= this.#nextTestMs) this.#due.shift()?.act()
      else {
        this.#test(this.#nextTestMs)
        this.#nextTestMs += TEST_EVERY_MS
      }
    }
  }
}
