/** What the world really does: addresses with their distances and faults, from the script. Checkers compare the service with it. */
import type { DialFailure } from "../../src/core/model/Event.ts"
import type { Draws } from "../../src/sim/Draws.ts"
import type { FaultKind, Place, Script } from "./script.ts"
import { FAULTS } from "./script.ts"

export interface Spell {
  readonly kind: FaultKind
  readonly host: string | "all"
  readonly fromMs: number
  readonly toMs: number
}

/** What a handshake ends with, `afterMs` after it began; `never`: no answer comes. */
export interface Ending {
  readonly afterMs: number
  readonly result: "connected" | "never" | DialFailure
}

/** The first byte after so many ms, or how the peer ends the session without one. */
export type Reply = number | "silent" | "reset" | "closed" | "alert"

/** A lost SYN is sent again after so long. */
const RESENT_MS = [0, 1_000, 3_000, 7_000]
const LONGEST_WAIT_MS = 60_000
/** Faults in which the address takes no new client, or fails the clients that it takes. */
const FAILS: ReadonlySet<FaultKind> = new Set(FAULTS.filter((fault) => fault !== "slow" && fault !== "thinking"))
/** A slower handshake may not be over in time, the less so where a proof of identity follows it. */
const MOST_SLOW_MS = 900
const STRANGE: Place = { rttMs: 30, jitterMs: 0, lossPercent: 0, greets: false, thinksMs: 0, idleMs: 0 }

export class Truth {
  readonly hosts: ReadonlyArray<string>
  readonly spells: ReadonlyArray<Spell>
  readonly runMs: number
  /** When the machine slept so far. */
  readonly sleeps: Array<{ readonly fromMs: number; readonly toMs: number }> = []
  /** When an operator had turned Fairlead off so far. */
  readonly offs: Array<{ readonly fromMs: number; readonly toMs: number }> = []
  readonly #script: Script
  readonly #draws: Draws
  readonly #of = new Map<string, ReadonlyArray<Spell>>()
  readonly #places = new Map<string, Place>()
  readonly #shifts = new Map<string, ReadonlyArray<{ readonly fromMs: number; readonly rttMs: number }>>()

  constructor(script: Script, draws: Draws) {
    this.#script = script
    this.#draws = draws
    this.runMs = script.minutes * 60_000
    this.hosts = script.places.map((_, i) => hostOf(i))
    this.spells = script.faults.flatMap((part) => this.#spellsOf(part))
    for (const [i, host] of this.hosts.entries()) {
      this.#places.set(host, script.places[i] as Place)
      this.#of.set(host, this.spells.filter((one) => one.host === host || one.host === "all"))
      const shifts = script.shifts.filter(({ pick }) => pick % this.hosts.length === i)
      this.#shifts.set(
        host,
        shifts.map(({ at, rttMs }) => ({ fromMs: this.momentOf(at), rttMs })).sort((a, b) => a.fromMs - b.fromMs)
      )
    }
  }

  /** A moment of the script, in ms since the world began. */
  momentOf(thousandths: number): number {
    return Math.round((thousandths * this.runMs) / 1000)
  }

  /** How long the machine slept between two moments. */
  asleepMs(fromMs: number, toMs: number): number {
    return this.sleeps.reduce((sum, one) => sum + Math.max(0, Math.min(toMs, one.toMs) - Math.max(fromMs, one.fromMs)), 0)
  }

  placeOf(host: string): Place {
    return this.#places.get(host) ?? STRANGE
  }

  has(host: string, kind: FaultKind, atMs: number): boolean {
    return this.#spells(host).some((one) => one.kind === kind && atMs >= one.fromMs && atMs < one.toMs)
  }

  /** The address takes and serves each client that comes from `fromMs` to `toMs`. `proves`: it also has to show its certificate. */
  isWell(host: string, fromMs: number, toMs: number): boolean {
    const place = this.#places.get(host)
    if (place === undefined || place.lossPercent > 0) return false
    const slowestMs = 10 * Math.max(place.rttMs, ...(this.#shifts.get(host) ?? []).map(({ rttMs }) => rttMs))
    return !this.#spells(host).some(({ kind, fromMs: beganMs, toMs: overMs }) =>
      (FAILS.has(kind) || (kind === "slow" && slowestMs > MOST_SLOW_MS)) && beganMs < toMs && overMs > fromMs
    )
  }

  /** The distance of the address, without its jitter. */
  rttMs(host: string, atMs: number): number {
    const shifts = this.#shifts.get(host) ?? []
    const rttMs = shifts.findLast(({ fromMs }) => fromMs <= atMs)?.rttMs ?? this.placeOf(host).rttMs
    return this.has(host, "slow", atMs) ? rttMs * 10 : rttMs
  }

  /** The farthest that the address was from `fromMs` to `toMs`, without its jitter. */
  farthestMs(host: string, fromMs: number, toMs: number): number {
    const changes = [
      ...(this.#shifts.get(host) ?? []),
      ...this.#spells(host).filter(({ kind }) => kind === "slow")
    ].map((one) => one.fromMs)
    const moments = [fromMs, ...changes.filter((ms) => ms > fromMs && ms <= toMs)]
    return Math.max(...moments.map((ms) => this.rttMs(host, ms)))
  }

  handshake(host: string, atMs: number): Ending {
    if (!this.#places.has(host)) return { afterMs: STRANGE.rttMs, result: host.endsWith("1") ? "refused" : "never" }
    const way = (): number => this.#wayMs(host, atMs)
    if (this.has(host, "refused", atMs)) return { afterMs: way(), result: "refused" }
    if (this.has(host, "unreachable", atMs)) return { afterMs: way(), result: "unreachable" }
    if (this.has(host, "reset", atMs)) return { afterMs: way(), result: "reset" }
    const sentMs = RESENT_MS.find((laterMs) => this.#arrives(host, atMs + laterMs))
    return sentMs === undefined ? { afterMs: 0, result: "never" } : { afterMs: sentMs + way(), result: "connected" }
  }

  /** Whether the address can show the certificate of its upstream, and how long that takes. */
  proof(host: string, atMs: number): Ending {
    if (this.has(host, "half-open", atMs)) return { afterMs: 0, result: "never" }
    const afterMs = this.#wayMs(host, atMs)
    return this.has(host, "impostor", atMs) || this.has(host, "cutting", atMs)
      ? { afterMs, result: "certificate" }
      : { afterMs, result: "connected" }
  }

  /** What a client gets that sends its first bytes now. */
  reply(host: string, atMs: number): Reply {
    if (this.has(host, "half-open", atMs)) return "silent"
    if (this.has(host, "cutting", atMs)) return "reset"
    if (this.has(host, "closing", atMs)) return "closed"
    if (this.has(host, "alert", atMs)) return "alert"
    const { thinksMs } = this.placeOf(host)
    const thinks = this.has(host, "thinking", atMs) ? 4_000 : thinksMs
    for (let laterMs = 0, pauseMs = 200; laterMs < LONGEST_WAIT_MS; laterMs += pauseMs, pauseMs *= 2) {
      if (this.has(host, "refused", atMs + laterMs)) return "reset"
      if (this.#arrives(host, atMs + laterMs)) return laterMs + this.#wayMs(host, atMs) + thinks
    }
    return "silent"
  }

  #arrives(host: string, atMs: number): boolean {
    if (this.has(host, "dark", atMs)) return false
    const percent = this.has(host, "lossy", atMs) ? 40 : this.placeOf(host).lossPercent
    return percent === 0 || this.#draws.draw() * 100 >= percent
  }

  #wayMs(host: string, atMs: number): number {
    const { jitterMs } = this.placeOf(host)
    return this.rttMs(host, atMs) + (jitterMs === 0 ? 0 : this.#draws.draw() * jitterMs)
  }

  #spells(host: string): ReadonlyArray<Spell> {
    return this.#of.get(host) ?? []
  }

  #spellsOf({ kind, all, pick, at, seconds, flapsS }: Script["faults"][number]): ReadonlyArray<Spell> {
    const host = all ? "all" : hostOf(pick % this.#script.places.length)
    const fromMs = this.momentOf(at)
    const toMs = Math.min(fromMs + seconds * 1000, this.runMs)
    if (flapsS === 0) return [{ kind, host, fromMs, toMs }]
    const spells: Array<Spell> = []
    for (let ms = fromMs; ms < toMs; ms += 2_000 * flapsS) {
      spells.push({ kind, host, fromMs: ms, toMs: Math.min(ms + 1_000 * flapsS, toMs) })
    }
    return spells
  }
}

/** Three networks, so that all addresses can be far apart. */
export function hostOf(i: number): string {
  return `198.18.${i % 3}.${i + 1}`
}
