/**
 * Shelf: warm sockets, connected and waiting for clients. It owns the sockets; the core knows their ids and decides how many
 * there are.
 *
 * A client takes the oldest: a server that serves one connection at a time sits on that one and reads no other. Where the peer has ended one at
 * some age, those of more than 0.7 of that age are less likely to be alive, and the newest is taken instead, until one is seen to live longer.
 */
import type { CandidateId } from "../core/model/Candidate.ts"
import type { DialWarm, Race, Retire } from "../core/model/Decision.ts"
import type { Event, WarmLoss } from "../core/model/Event.ts"
import { runPlanUnsafe } from "./DialRun.ts"
import type { Ask } from "./Names.ts"
import type { Cancel, Transport, UpstreamSocket } from "./Transport.ts"

export interface Parked {
  readonly warm: number
  readonly candidate: CandidateId
  readonly socket: UpstreamSocket
  readonly parkedAtUs: number
  readonly stopTimer: Cancel
}

/** Those of one candidate, oldest first. */
interface Row {
  readonly parked: Array<Parked>
  /** Up to this age they are as likely to be alive as the newest. */
  trustedUs: number
}

/** Of the age at which the peer ended one. */
const TRUSTED_SHARE = 0.7

/** A race is between addresses: there is no name to ask for. */
const nobody: Ask = (_host, _limits, answer) => {
  answer([], true)
  return () => {}
}

export class Shelf {
  readonly #transport: Transport["Service"]
  readonly #post: (event: Event) => void
  readonly #rows = new Map<CandidateId, Row>()
  readonly #dials = new Set<Cancel>()
  #closed = false
  #isHeld = false

  constructor(transport: Transport["Service"], post: (event: Event) => void) {
    this.#transport = transport
    this.#post = post
  }

  /** How many wait for a candidate; a field, so that it can be handed to `pick`. */
  readonly countOf = (candidate: CandidateId): number => this.#rows.get(candidate)?.parked.length ?? 0

  get size(): number {
    let sum = 0
    for (const { parked } of this.#rows.values()) sum += parked.length
    return sum
  }

  dial(act: DialWarm): void {
    if (this.#closed) return
    const { worker, warm, candidate } = act
    if (this.#isHeld) return this.#post({ _tag: "WarmFailed", worker, warm, candidate, tookUs: 0, reason: "local" })
    const transport = this.#transport
    const startedUs = transport.nowUs()
    const answer = (result: UpstreamSocket | "timeout" | Parameters<Parameters<typeof transport.dialUnsafe>[2]>[0]) => {
      stopTimer()
      this.#dials.delete(cancel)
      const tookUs = transport.nowUs() - startedUs
      if (typeof result !== "string") return this.#park(act, result, tookUs)
      this.#post({ _tag: "WarmFailed", worker, warm, candidate, tookUs, reason: result })
    }
    const stopTimer = transport.coarseUnsafe(act.timeoutMs, () => {
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

  /** Dials the addresses of a plan until one answers: the winner's socket is a parked one before anybody is told. */
  race({ worker, race, upstream, plan, keepAliveMs, parkForMs }: Race): void {
    if (this.#closed) return
    const transport = this.#transport
    const startedUs = transport.nowUs()
    const cancel = runPlanUnsafe(transport, nobody, plan, keepAliveMs, () => {}, ({ socket, candidate, tried }) => {
      this.#dials.delete(cancel)
      if (this.#closed) return socket?.closeUnsafe()
      const one = socket === undefined ? undefined : this.#keep({ warm: race, candidate, parkForMs }, socket)
      const tookUs = transport.nowUs() - startedUs
      this.#post({ _tag: "Raced", worker, race, upstream, candidate, tried, tookUs })
      if (one !== undefined) socket?.parkUnsafe((reason) => this.#drop(one, reason))
    })
    this.#dials.add(cancel)
  }

  /** The oldest that is alive, or the newest where the oldest may not be. */
  take(candidate: CandidateId): Parked | undefined {
    for (let row = this.#rows.get(candidate); row !== undefined; row = this.#rows.get(candidate)) {
      const one = this.#next(row)
      this.#remove(row, one)
      if (one.socket.isAliveUnsafe()) return one
      this.#lose(row, one, "closed")
    }
    return undefined
  }

  #next({ parked, trustedUs }: Row): Parked {
    const oldest = parked[0] as Parked
    return this.#ageUs(oldest) <= trustedUs ? oldest : parked.at(-1) as Parked
  }

  /** Closes the oldest. */
  retire({ candidate, count }: Retire): void {
    for (const one of this.#rows.get(candidate)?.parked.slice(0, count) ?? []) this.#drop(one, "drained")
  }

  /** While it is held, nothing waits and nothing is dialled: clients need the descriptors. */
  holdUnsafe(isHeld: boolean): void {
    this.#isHeld = isHeld
    if (isHeld) this.#empty()
  }

  /** Closes everything and dials no more. */
  close(): void {
    this.#closed = true
    for (const cancel of this.#dials) cancel()
    this.#dials.clear()
    this.#empty()
  }

  #empty(): void {
    for (const { parked } of [...this.#rows.values()]) for (const one of [...parked]) this.#drop(one, "drained")
  }

  #park(act: DialWarm, socket: UpstreamSocket, tookUs: number): void {
    const { worker, warm, candidate } = act
    if (this.#closed) return socket.closeUnsafe()
    const one = this.#keep(act, socket)
    this.#post({ _tag: "WarmParked", worker, warm, candidate, tookUs })
    socket.parkUnsafe((reason) => this.#drop(one, reason))
  }

  #keep({ warm, candidate, parkForMs }: Pick<DialWarm, "warm" | "candidate" | "parkForMs">, socket: UpstreamSocket): Parked {
    const one: Parked = {
      warm,
      candidate,
      socket,
      parkedAtUs: this.#transport.nowUs(),
      stopTimer: this.#transport.coarseUnsafe(parkForMs, () => this.#drop(one, "expired"))
    }
    const row = this.#rows.get(candidate)
    if (row === undefined) this.#rows.set(candidate, { parked: [one], trustedUs: Number.POSITIVE_INFINITY })
    else row.parked.push(one)
    return one
  }

  #drop(one: Parked, reason: WarmLoss): void {
    const row = this.#rows.get(one.candidate)
    if (row === undefined || !row.parked.includes(one)) return
    this.#remove(row, one)
    this.#lose(row, one, reason)
  }

  #remove({ parked }: Row, one: Parked): void {
    parked.splice(parked.indexOf(one), 1)
    if (parked.length === 0) this.#rows.delete(one.candidate)
    one.stopTimer()
  }

  #lose(row: Row, one: Parked, reason: WarmLoss): void {
    const { warm, candidate, socket } = one
    socket.closeUnsafe()
    const ageUs = this.#ageUs(one)
    if (reason === "closed" || reason === "reset") row.trustedUs = Math.min(row.trustedUs, ageUs * TRUSTED_SHARE)
    else if (ageUs * TRUSTED_SHARE > row.trustedUs) row.trustedUs = Number.POSITIVE_INFINITY
    this.#post({ _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs })
  }

  #ageUs({ parkedAtUs }: Parked): number {
    return this.#transport.nowUs() - parkedAtUs
  }
}
