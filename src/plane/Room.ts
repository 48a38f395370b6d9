/**
 * Room: whether there are descriptors for another client. A reserve stays free for the dials of accepted clients, for
 * probes, the admin port, the record and the log.
 *
 * Warm sockets are dialled only while twice the reserve is free. When only the reserve is left, those that wait are closed first,
 * and listeners pause: new clients wait in the system's queue until others have left. While no client is served, listeners
 * accept all the same. So a limit that leaves no room for the reserve still serves a few clients.
 */
import type { WarmPool } from "./WarmPool.ts"
import type { Cancel, Listening, Transport } from "./ports/Transport.ts"

/** The system does not tell when descriptors are free again, so the room looks again after this long. */
const LOOK_AGAIN_MS = 20
/** The reserve is at most this part of what the process may open, so that a process with a small limit serves clients too. */
const MOST_PART = 4
/** Beyond the reserve there has to be room for one more client: its own socket and its upstream's. */
const ONE_CLIENT = 2
/** The warning that descriptors are short comes this often at most. */
const SAID_EVERY_US = 60_000_000

export class Room {
  readonly #transport: Transport["Service"]
  readonly #warmPool: WarmPool
  readonly #reserve: number
  readonly #listening: () => Iterable<Listening>
  readonly #isIdle: () => boolean
  readonly #say: () => void
  #saidAtUs = Number.NEGATIVE_INFINITY
  #isShort = false
  #isPaused = false
  #stopLooking: Cancel | undefined

  /** `isIdle`: whether no client is served. `say`: warns people that descriptors are short. */
  constructor(
    transport: Transport["Service"],
    warmPool: WarmPool,
    reserve: number,
    listening: () => Iterable<Listening>,
    isIdle: () => boolean,
    say: () => void
  ) {
    this.#transport = transport
    this.#warmPool = warmPool
    this.#reserve = reserve
    this.#listening = listening
    this.#isIdle = isIdle
    this.#say = say
    warmPool.heedUnsafe(() => this.#hasRoomForWarm())
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** A client was accepted, or a listener was bound. */
  changed(): void {
    if (this.#isPaused) return this.#pause()
    if (this.#transport.hasDescriptorsUnsafe(this.#free())) return
    this.#isShort = true
    this.#warmPool.pauseUnsafe(true)
    this.#isPaused = true
    this.#pause()
    this.#lookLater()
    const nowUs = this.#transport.nowUs()
    if (nowUs - this.#saidAtUs < SAID_EVERY_US) return
    this.#saidAtUs = nowUs
    this.#say()
  }

  stop(): void {
    this.#stopLooking?.()
  }

  /** Descriptors that stay free. */
  #free(): number {
    return Math.min(this.#reserve, Math.floor(this.#transport.descriptorLimitUnsafe() / MOST_PART))
  }

  #hasRoomForWarm(): boolean {
    return this.#transport.hasDescriptorsUnsafe(2 * this.#free())
  }

  #pause(): void {
    for (const { pauseUnsafe } of this.#listening()) pauseUnsafe()
  }

  #lookLater(): void {
    this.#stopLooking ??= this.#transport.timerUnsafe(LOOK_AGAIN_MS, () => {
      this.#stopLooking = undefined
      this.#look()
    })
  }

  #look(): void {
    if (this.#isPaused && (this.#isIdle() || this.#transport.hasDescriptorsUnsafe(this.#free() + ONE_CLIENT))) {
      this.#isPaused = false
      for (const { resumeUnsafe } of this.#listening()) resumeUnsafe()
    }
    if (this.#isShort && !this.#isPaused && this.#hasRoomForWarm()) {
      this.#isShort = false
      this.#warmPool.pauseUnsafe(false)
    }
    if (this.#isShort) this.#lookLater()
  }
}
