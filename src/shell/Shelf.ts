/**
 * Shelf: warm sockets, connected and waiting for clients. It owns the sockets; the core knows their ids and decides how many
 * there are. A take is an array pop: newest first, as the newest is likeliest to work.
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

/** A race is between addresses: there is no name to ask for. */
const nobody: Ask = (_host, _limits, answer) => {
  answer([], true)
  return () => {}
}

export class Shelf {
  readonly #transport: Transport["Service"]
  readonly #post: (event: Event) => void
  readonly #parked = new Map<CandidateId, Array<Parked>>()
  readonly #dials = new Set<Cancel>()
  #closed = false
  #isHeld = false

  constructor(transport: Transport["Service"], post: (event: Event) => void) {
    this.#transport = transport
    this.#post = post
  }

  /** How many wait for a candidate; a field, so that it can be handed to `pick`. */
  readonly countOf = (candidate: CandidateId): number => this.#parked.get(candidate)?.length ?? 0

  get size(): number {
    let sum = 0
    for (const parked of this.#parked.values()) sum += parked.length
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

  /** The newest that is alive. */
  take(candidate: CandidateId): Parked | undefined {
    const parked = this.#parked.get(candidate)
    for (let one = parked?.pop(); one !== undefined; one = parked?.pop()) {
      if (parked?.length === 0) this.#parked.delete(candidate)
      one.stopTimer()
      if (one.socket.isAliveUnsafe()) return one
      this.#lose(one, "closed")
    }
    return undefined
  }

  /** Closes the oldest. */
  retire({ candidate, count }: Retire): void {
    for (const one of this.#parked.get(candidate)?.slice(0, count) ?? []) this.#drop(one, "drained")
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
    for (const parked of [...this.#parked.values()]) for (const one of [...parked]) this.#drop(one, "drained")
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
    const parked = this.#parked.get(candidate)
    if (parked === undefined) this.#parked.set(candidate, [one])
    else parked.push(one)
    return one
  }

  #drop(one: Parked, reason: WarmLoss): void {
    const parked = this.#parked.get(one.candidate)
    const at = parked?.indexOf(one) ?? -1
    if (parked === undefined || at < 0) return
    parked.splice(at, 1)
    if (parked.length === 0) this.#parked.delete(one.candidate)
    one.stopTimer()
    this.#lose(one, reason)
  }

  #lose({ warm, candidate, socket, parkedAtUs }: Parked, reason: WarmLoss): void {
    socket.closeUnsafe()
    const ageUs = this.#transport.nowUs() - parkedAtUs
    this.#post({ _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs })
  }
}
