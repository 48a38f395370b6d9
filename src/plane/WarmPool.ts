/**
 * Warm pool: warm sockets, connected and waiting for clients. The pool owns the sockets; the core knows their ids and decides how many
 * there are.
 *
 * A client takes the oldest socket: a server that serves one connection at a time serves that one and reads no other. Where the peer has
 * ended sockets, those older than 0.7 of their lifetime (math/Lifetime.ts) are less likely to be alive. Then a client takes the newest.
 *
 * A dial for the pool is a callback with a cancel, because there is about one for each client (bench/fibers.ts). The pool ends with
 * the plane's scope (Plane.ts).
 */
import * as Lifetime from "../core/math/Lifetime.ts"
import type { CandidateId } from "../core/model/Candidate.ts"
import type { DialWarm, Retire } from "../core/model/Decision.ts"
import type { WarmLoss } from "../core/model/Event.ts"
import type { PlaneEvent } from "./ports/PlanePort.ts"
import type { Cancel, Transport, UpstreamSocket } from "./ports/Transport.ts"

export interface WarmSocket {
  readonly warm: number
  readonly candidate: CandidateId
  readonly socket: UpstreamSocket
  readonly readyAtUs: number
  readonly stopTimer: Cancel
}

/** Warm sockets of one candidate, the oldest first. */
interface CandidatePool {
  readonly ready: Array<WarmSocket>
  /** How long those lived that are gone. */
  lived: Lifetime.Lifetime
  /** Sockets up to this age are as likely to be alive as the newest. It follows from `lived`, and clients wait for it. */
  trustedUs: number
}

export class WarmPool {
  readonly #transport: Transport["Service"]
  readonly #post: (event: PlaneEvent) => void
  readonly #rows = new Map<CandidateId, CandidatePool>()
  readonly #dials = new Set<Cancel>()
  #closed = false
  #isPaused = false
  #hasRoom = () => true

  constructor(transport: Transport["Service"], post: (event: PlaneEvent) => void) {
    this.#transport = transport
    this.#post = post
  }

  /** The number of warm sockets of a candidate. It is a field, so that it can be passed to `pick`. */
  readonly countOf = (candidate: CandidateId): number => this.#rows.get(candidate)?.ready.length ?? 0

  get size(): number {
    let sum = 0
    for (const { ready } of this.#rows.values()) sum += ready.length
    return sum
  }

  dial(act: DialWarm): void {
    if (this.#closed) return
    const { worker, warm, candidate } = act
    if (this.#isPaused || !this.#hasRoom()) {
      return this.#post({ _tag: "WarmFailed", worker, warm, candidate, tookUs: 0, reason: "local" })
    }
    const transport = this.#transport
    const startedUs = transport.nowUs()
    const answer = (result: UpstreamSocket | "timeout" | Parameters<Parameters<typeof transport.dialUnsafe>[2]>[0]) => {
      stopTimer()
      this.#dials.delete(cancel)
      const tookUs = transport.nowUs() - startedUs
      if (typeof result !== "string") {
        const one = this.keep(act, result, () => this.#post({ _tag: "WarmConnected", worker, warm, candidate, tookUs }))
        // The dial was under way when the pool paused.
        if (this.#isPaused && one !== undefined) this.#drop(one, "drained")
        return
      }
      this.#post({ _tag: "WarmFailed", worker, warm, candidate, tookUs, reason: result })
    }
    const stopTimer = transport.wheelTimerUnsafe(act.timeoutMs, () => {
      cancelDial()
      answer("timeout")
    })
    const cancelDial = transport.dialUnsafe({ host: act.host, port: act.port }, act.keepAliveMs, answer)
    const cancel = () => {
      stopTimer()
      cancelDial()
    }
    this.#dials.add(cancel)
  }

  /** Keeps a connected socket warm. `tell` posts the event that names it, before its end can be noticed. */
  keep(
    of: Pick<DialWarm, "warm" | "candidate" | "keepForMs">,
    socket: UpstreamSocket,
    tell: () => void
  ): WarmSocket | undefined {
    if (this.#closed) return void socket.closeUnsafe()
    const one = this.#add(of, socket)
    tell()
    socket.watchUnsafe((reason) => this.#drop(one, reason))
    return one
  }

  /** The oldest socket that is alive, or the newest one if the oldest may not be. */
  take(candidate: CandidateId): WarmSocket | undefined {
    for (let row = this.#rows.get(candidate); row !== undefined; row = this.#rows.get(candidate)) {
      const one = this.#next(row)
      this.#remove(row, one)
      if (one.socket.isAliveUnsafe()) return one
      this.#lose(row, one, "closed")
    }
    return undefined
  }

  #next({ ready, trustedUs }: CandidatePool): WarmSocket {
    const oldest = ready[0] as WarmSocket
    return this.#ageUs(oldest) <= trustedUs ? oldest : ready.at(-1) as WarmSocket
  }

  /** Closes the oldest. */
  retire({ candidate, count }: Retire): void {
    for (const one of this.#rows.get(candidate)?.ready.slice(0, count) ?? []) this.#drop(one, "drained")
  }

  /** From now on `hasRoom` is asked before each dial: whether the system has room for a socket that no client waits for. */
  heedUnsafe(hasRoom: () => boolean): void {
    this.#hasRoom = hasRoom
  }

  /** While it is paused, it dials no sockets and holds none but what a race won for a client: clients need the descriptors. */
  pauseUnsafe(isPaused: boolean): void {
    this.#isPaused = isPaused
    if (isPaused) this.#empty()
  }

  /** Closes everything and dials no more. */
  close(): void {
    this.#closed = true
    for (const cancel of this.#dials) cancel()
    this.#dials.clear()
    this.#empty()
  }

  #empty(): void {
    for (const { ready } of [...this.#rows.values()]) for (const one of [...ready]) this.#drop(one, "drained")
  }

  #add(
    { warm, candidate, keepForMs }: Pick<DialWarm, "warm" | "candidate" | "keepForMs">,
    socket: UpstreamSocket
  ): WarmSocket {
    const one: WarmSocket = {
      warm,
      candidate,
      socket,
      readyAtUs: this.#transport.nowUs(),
      stopTimer: this.#transport.wheelTimerUnsafe(keepForMs, () => this.#drop(one, "expired"))
    }
    const row = this.#rows.get(candidate)
    if (row === undefined) this.#rows.set(candidate, { ready: [one], lived: Lifetime.unknown, trustedUs: Infinity })
    else row.ready.push(one)
    return one
  }

  #drop(one: WarmSocket, reason: WarmLoss): void {
    const row = this.#rows.get(one.candidate)
    if (row === undefined || !row.ready.includes(one)) return
    this.#remove(row, one)
    this.#lose(row, one, reason)
  }

  #remove({ ready }: CandidatePool, one: WarmSocket): void {
    ready.splice(ready.indexOf(one), 1)
    if (ready.length === 0) this.#rows.delete(one.candidate)
    one.stopTimer()
  }

  #lose(row: CandidatePool, one: WarmSocket, reason: WarmLoss): void {
    const { warm, candidate, socket } = one
    socket.closeUnsafe()
    const ageUs = this.#ageUs(one)
    row.lived = Lifetime.add(row.lived, { ms: Math.floor(ageUs / 1000), died: reason === "closed" || reason === "reset" })
    row.trustedUs = Lifetime.isKnown(row.lived) ? Lifetime.safeMs(Lifetime.lowMs(row.lived)) * 1000 : Infinity
    this.#post({ _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs })
  }

  #ageUs({ readyAtUs }: WarmSocket): number {
    return this.#transport.nowUs() - readyAtUs
  }
}
