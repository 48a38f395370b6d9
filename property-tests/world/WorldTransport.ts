/** The transport of one process in the world: dials, warm sockets and sessions meet what the truth has for them. */
import * as Effect from "effect/Effect"
import type { CloseCause } from "../../src/core/model/Event.ts"
import type { Cancel, ClientSocket, RelayEnd, Transport, UpstreamSocket } from "../../src/plane/ports/Transport.ts"
import type { VirtualClock } from "../../src/sim/VirtualClock.ts"
import type { Truth } from "./Truth.ts"

/** A client without bytes; it stays for `holdMs`. */
export interface WorldClient extends ClientSocket {
  readonly holdMs: number
}

export class WorldSocket implements UpstreamSocket {
  readonly host: string
  isOpen = true
  readonly #forget: (socket: WorldSocket) => void
  #lost: ((reason: "closed" | "reset") => void) | undefined
  /** Ends the session that it serves. */
  broken: (() => void) | undefined

  constructor(host: string, forget: (socket: WorldSocket) => void) {
    this.host = host
    this.#forget = forget
  }

  readonly closeUnsafe = () => {
    this.isOpen = false
    this.#forget(this)
  }
  readonly isAliveUnsafe = () => this.isOpen
  readonly watchUnsafe = (lost: (reason: "closed" | "reset") => void) => void (this.#lost = lost)

  serves(broken: () => void): void {
    this.#lost = undefined
    this.broken = broken
  }

  get isWaiting(): boolean {
    return this.#lost !== undefined
  }

  /** The peer ends it. */
  die(reason: "closed" | "reset"): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.broken?.()
    this.#lost?.(reason)
  }
}

/** A client gives up on a silent server after this long. */
const PATIENCE_MS = 15_000
const BYTES_UP = 100

export class WorldTransport {
  /** Sockets to upstreams that are not closed yet. */
  readonly sockets = new Set<WorldSocket>()
  /** Sessions under way. */
  relays = 0
  /** Proofs of identity under way: beside each a socket may wait for a client already. */
  proofs = 0
  readonly #clock: VirtualClock
  readonly #truth: Truth
  readonly #dialled: (host: string) => void
  readonly #timers = new Set<Cancel>()

  constructor(clock: VirtualClock, truth: Truth, dialled: (host: string) => void) {
    this.#clock = clock
    this.#truth = truth
    this.#dialled = dialled
  }

  /** The server at this address restarts: all its connections are reset. */
  reset(host: string): void {
    for (const socket of [...this.sockets]) if (socket.host === host) socket.die("reset")
  }

  /** The process is killed: none of its timers fires any more. */
  kill(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.sockets.clear()
    this.relays = 0
  }

  #timer = (delayMs: number, fire: () => void): Cancel => {
    const stop = this.#clock.after(delayMs, () => {
      this.#timers.delete(cancel)
      fire()
    })
    const cancel = () => {
      this.#timers.delete(cancel)
      stop()
    }
    this.#timers.add(cancel)
    return cancel
  }

  #open(host: string): WorldSocket {
    const socket = new WorldSocket(host, (one) => this.sockets.delete(one))
    this.sockets.add(socket)
    const { idleMs } = this.#truth.placeOf(host)
    if (idleMs > 0) this.#timer(idleMs, () => socket.isWaiting ? socket.die("closed") : undefined)
    return socket
  }

  readonly #relay: Transport["Service"]["relayUnsafe"] = (client, upstream, _limits, silence, end) => {
    const socket = upstream as WorldSocket
    const { host } = socket
    const startedMs = this.#clock.nowMs
    const startedUs = this.#clock.nowUs
    const { greets } = this.#truth.placeOf(host)
    const reply = this.#truth.reply(host, startedMs)
    const stops: Array<Cancel> = []
    let level: RelayEnd["silence"] = "none"
    let firstByteAtUs = -1
    let over = false
    this.relays++
    const finish = (cause: CloseCause) => {
      if (over) return
      over = true
      this.relays--
      for (const stop of stops) stop()
      const answerUs = firstByteAtUs < 0 || greets ? -1 : firstByteAtUs - startedUs
      const bytesUp = greets && firstByteAtUs < 0 ? 0 : BYTES_UP
      const bytesDown = firstByteAtUs < 0 ? (cause === "upstream-alert" ? 7 : 0) : 1_000
      if (cause !== "done") client.resetUnsafe()
      socket.closeUnsafe()
      end({ cause, bytesUp, bytesDown, firstByteAtUs, answerUs, silence: level })
    }
    const after = (ms: number, act: () => void) => void stops.push(this.#timer(ms, act))
    socket.serves(() => finish("upstream-reset"))
    const holdMs = (client as WorldClient).holdMs
    if (typeof reply === "number") {
      after(reply, () => {
        firstByteAtUs = this.#clock.nowUs
        if (level === "none") return
        level = "none"
        silence.spoke("upstream")
      })
      after(Math.max(reply, holdMs), () => finish("done"))
    } else if (reply === "silent") after(Math.max(PATIENCE_MS, holdMs), () => finish("client-reset"))
    else {
      const causes = { reset: "upstream-reset", closed: "upstream-closed", alert: "upstream-alert" } as const
      after(this.#truth.rttMs(host, startedMs), () => finish(causes[reply]))
    }
    if (!greets) {
      after(silence.silentAfterMs, () => {
        if (firstByteAtUs < 0 && silence.silent(Math.round(silence.silentAfterMs * 1000))) level = "silent"
      })
      after(silence.stallMs, () => {
        if (firstByteAtUs < 0 && silence.stalled()) level = "stalled"
      })
    }
    return () => finish("stopped")
  }

  readonly service: Transport["Service"] = {
    listen: () => Effect.die("the world has no listeners"),
    dialUnsafe: ({ host }, _keepAliveMs, answer) => {
      this.#dialled(host)
      const { afterMs, result } = this.#truth.handshake(host, this.#clock.nowMs)
      if (result === "never") return () => {}
      return this.#timer(afterMs, () => answer(result === "connected" ? this.#open(host) : result))
    },
    identifyUnsafe: ({ host }, _identity, connected, answer) => {
      this.#dialled(host)
      const { afterMs, result } = this.#truth.handshake(host, this.#clock.nowMs)
      if (result === "never") return () => {}
      let isProving = false
      const over = () => {
        if (isProving) this.proofs--
        isProving = false
      }
      let stop = this.#timer(afterMs, () => {
        if (result !== "connected") return answer(result)
        const proof = this.#truth.proof(host, this.#clock.nowMs)
        isProving = true
        this.proofs++
        if (proof.result !== "never") {
          stop = this.#timer(proof.afterMs, () => {
            over()
            answer(proof.result === "connected" ? null : "certificate")
          })
        }
        connected()
      })
      return () => {
        over()
        stop()
      }
    },
    greetUnsafe: () => () => {},
    ownAddressesUnsafe: () => [],
    relayUnsafe: this.#relay,
    timerUnsafe: this.#timer,
    wheelTimerUnsafe: this.#timer,
    soonUnsafe: (run) => void this.#timer(0, run),
    descriptorLimitUnsafe: () => Number.POSITIVE_INFINITY,
    hasDescriptorsUnsafe: () => true,
    nowUs: () => this.#clock.nowUs
  }
}
