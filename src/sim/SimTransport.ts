/**
 * A transport without sockets: time moves only when a test advances the clock, dials end as scripted, and every call is in a log with its
 * time.
 */
import * as Effect from "effect/Effect"
import type { Address } from "../core/model/Config.ts"
import type { CloseCause } from "../core/model/Event.ts"
import type { Cancel, ClientSocket, RelayEnd, Transport } from "../plane/ports/Transport.ts"
import type { Fate } from "./Fate.ts"
import { SimSocket } from "./SimSocket.ts"
import { VirtualClock } from "./VirtualClock.ts"

export interface SimRelay {
  readonly client: SimSocket
  readonly upstream: SimSocket
  /** Ends the session as the peers would; nothing when it is over. */
  readonly end: (cause?: CloseCause) => void
}

export class SimTransport {
  /** `<ms> <what>`, in order. */
  readonly log: Array<string> = []
  readonly relays: Array<SimRelay> = []
  /** Descriptors that may be open at once. */
  descriptorLimit = Number.POSITIVE_INFINITY
  /** The number of free descriptors; nothing here uses any. */
  descriptors = Number.POSITIVE_INFINITY
  readonly #dials: (address: Address, nth: number) => Fate
  readonly #listeners = new Map<string, (client: ClientSocket) => void>()
  readonly #clock: VirtualClock
  #dialled = 0

  /** `dials` gives the fate of each dial; `nth` counts from 0. */
  constructor(dials: (address: Address, nth: number) => Fate, clock = new VirtualClock()) {
    this.#dials = dials
    this.#clock = clock
  }

  get pendingTimers(): number {
    return this.#clock.pending
  }

  get nowMs(): number {
    return this.#clock.nowMs
  }

  advance(ms: number): void {
    this.#clock.advance(ms)
  }

  /** A client comes to a listener. */
  arrive(listener: string, name: string): SimSocket {
    const client = new SimSocket(name)
    const onClient = this.#listeners.get(listener)
    if (onClient === undefined) client.state = "reset"
    else onClient(client)
    return client
  }

  note(what: string): void {
    this.log.push(`${this.#clock.nowMs} ${what}`)
  }

  readonly #timer = (delayMs: number, fire: () => void): Cancel => this.#clock.after(delayMs, fire)

  readonly service: Transport["Service"] = {
    listen: (name, address, onClient) =>
      Effect.sync(() => {
        this.#listeners.set(name, onClient)
        const pauses = (isPaused: boolean) => () => void this.note(`${isPaused ? "pauses" : "resumes"} ${name}`)
        return {
          address,
          stop: Effect.sync(() => void this.#listeners.delete(name)),
          pauseUnsafe: pauses(true),
          resumeUnsafe: pauses(false)
        }
      }),
    dialUnsafe: (address, _keepAliveMs, answer) => {
      const { afterMs, result } = this.#dials(address, this.#dialled++)
      const name = `${address.host}:${address.port}`
      this.note(`dial ${name}`)
      if (result === "never") return () => this.note(`cancel ${name}`)
      let answered = false
      const stop = this.#timer(afterMs, () => {
        answered = true
        answer(result === "connected" ? new SimSocket(name) : result)
      })
      return () => {
        if (answered) return
        stop()
        this.note(`cancel ${name}`)
      }
    },
    identifyUnsafe: (address, _identity, connected, answer) => {
      const { afterMs, result, proofAfterMs = 0, proof = null } = this.#dials(address, this.#dialled++)
      const name = `${address.host}:${address.port}`
      this.note(`identify ${name}`)
      let stop: Cancel = () => {}
      let over = false
      if (result !== "never") {
        stop = this.#timer(afterMs, () => {
          if (result !== "connected") {
            over = true
            return answer(result)
          }
          connected()
          if (proof === "never") return
          stop = this.#timer(proofAfterMs, () => {
            over = true
            answer(proof)
          })
        })
      }
      return () => {
        if (over) return
        stop()
        this.note(`cancel identify ${name}`)
      }
    },
    greetUnsafe: () => () => {},
    ownAddressesUnsafe: () => [],
    relayUnsafe: (client, upstream, _limits, _silence, end) => {
      let over = false
      const finish = (cause: CloseCause) => {
        if (over) return
        over = true
        const ended: RelayEnd = { cause, bytesUp: 0, bytesDown: 0, firstByteAtUs: -1, answerUs: -1, silence: "none" }
        if (cause !== "done") client.resetUnsafe()
        upstream.closeUnsafe()
        end(ended)
      }
      this.relays.push({
        client: client as SimSocket,
        upstream: upstream as SimSocket,
        end: (cause = "done") => finish(cause)
      })
      return () => finish("stopped")
    },
    timerUnsafe: this.#timer,
    wheelTimerUnsafe: this.#timer,
    soonUnsafe: (run) => void this.#timer(0, run),
    descriptorLimitUnsafe: () => this.descriptorLimit,
    hasDescriptorsUnsafe: (count) => this.descriptors >= count,
    nowUs: () => this.#clock.nowUs
  }
}
