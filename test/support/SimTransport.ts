/**
 * A transport without sockets: time moves only when a test advances it, dials end as scripted, and every call is in a log
 * with its time.
 */
import * as Effect from "effect/Effect"
import type { Address } from "../../src/core/model/Config.ts"
import type { CloseCause, DialFailure } from "../../src/core/model/Event.ts"
import type { Cancel, ClientSocket, RelayEnd, Transport, UpstreamSocket } from "../../src/plane/ports/Transport.ts"

/** The result of one dial, `afterMs` after it began; `never` leaves it unanswered. */
export interface Scripted {
  readonly afterMs: number
  readonly result: "connected" | "never" | DialFailure
  /** With a proof of identity: its result, and when it comes after the connection. Left out: verified at once. */
  readonly proofAfterMs?: number
  readonly proof?: null | "never" | DialFailure
}

export class SimSocket implements ClientSocket, UpstreamSocket {
  state: "open" | "reset" | "closed" = "open"
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  readonly resetUnsafe = () => void (this.state = "reset")
  readonly addressUnsafe = () => this.name
  readonly isAliveUnsafe = () => this.state === "open"
  readonly watchUnsafe = (lost: (reason: "closed" | "reset") => void) => void (this.#lost = lost)
  #lost: (reason: "closed" | "reset") => void = () => {}

  /** The peer ends the socket while it is warm. */
  die(reason: "closed" | "reset"): void {
    this.state = reason === "reset" ? "reset" : "closed"
    this.#lost(reason)
  }

  readonly closeUnsafe = () => void (this.state = "closed")
}

export interface SimRelay {
  readonly client: SimSocket
  readonly upstream: SimSocket
  /** Ends the session as the peers would; nothing when it is over. */
  readonly end: (cause?: CloseCause) => void
}

interface Timer {
  readonly atUs: number
  readonly fire: () => void
}

export class SimTransport {
  /** `<ms> <what>`, in order. */
  readonly log: Array<string> = []
  readonly relays: Array<SimRelay> = []
  /** The number of free descriptors; nothing here uses any. */
  descriptors = Number.POSITIVE_INFINITY
  readonly #dials: (address: Address, nth: number) => Scripted
  readonly #listeners = new Map<string, (client: ClientSocket) => void>()
  #timers: Array<Timer> = []
  #nowUs = 0
  #dialled = 0

  /** `dials` gives the result of each dial; `nth` counts from 0. */
  constructor(dials: (address: Address, nth: number) => Scripted) {
    this.#dials = dials
  }

  get pendingTimers(): number {
    return this.#timers.length
  }

  get nowMs(): number {
    return this.#nowUs / 1000
  }

  /** Advances time and runs each timer at its own moment, ties in the order in which they were set. */
  advance(ms: number): void {
    const untilUs = this.#nowUs + Math.round(ms * 1000)
    while (true) {
      const next = this.#timers.reduce<Timer | undefined>((a, b) => (a === undefined || b.atUs < a.atUs ? b : a), undefined)
      if (next === undefined || next.atUs > untilUs) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#nowUs = next.atUs
      next.fire()
    }
    this.#nowUs = untilUs
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
    this.log.push(`${this.#nowUs / 1000} ${what}`)
  }

  readonly #timer = (delayMs: number, fire: () => void): Cancel => {
    // Like a real timer it rounds up to its unit and never fires early.
    const timer: Timer = { atUs: this.#nowUs + Math.max(0, Math.ceil(delayMs * 1000)), fire }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((other) => other !== timer))
  }

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
    hasDescriptorsUnsafe: (count) => this.descriptors >= count,
    nowUs: () => this.#nowUs
  }
}
