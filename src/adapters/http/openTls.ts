/**
 * Opens a TLS connection to a host: the best address first, then the next ones, until a handshake succeeds.
 *
 * - A handshake that fails is reported against its candidate, and the next candidate is tried at once.
 * - A handshake that takes longer than `hedgeAfterMs` gets another one beside it, to the next candidate. The first to succeed
 *   wins. The other is closed, without blame.
 * - At most `attempts` addresses are tried. When none is left, the request is refused: a wrong host never serves.
 */
import type * as net from "node:net"
import type * as tls from "node:tls"
import { Connection } from "./Connection.ts"
import type { Connector } from "./Connector.ts"
import type { FailedHandshake } from "./HandshakeError.ts"
import { HandshakeError } from "./HandshakeError.ts"
import type { TlsOptions } from "./handshake.ts"
import { HandshakeFailure, shakeHands } from "./handshake.ts"
import type { SessionCache } from "./SessionCache.ts"

export interface HandshakeLimits {
  /** Time limit of one handshake. */
  readonly handshakeTimeoutMs: number
  /** After this long another candidate is tried beside. */
  readonly hedgeAfterMs: number
  /** Addresses that are tried for one connection at most. */
  readonly attempts: number
}

/** Opens the connection for an `https` origin. Other ways to do so, such as staged TLS, take its place. */
export type OpenTls = (host: string, port: number, options: TlsOptions, signal?: AbortSignal) => Promise<Connection>

/** The usual way: the real name, the candidates in order. */
export const openTls =
  (connector: Connector, limits: HandshakeLimits, sessions: SessionCache): OpenTls => (host, port, options, signal) =>
    new Promise((resolve, reject) =>
      new Handshakes(connector, limits, sessions, { host, port, options, signal }, resolve, reject)
    )

interface Target {
  readonly host: string
  readonly port: number
  readonly options: TlsOptions
  readonly signal: AbortSignal | undefined
}

class Handshakes {
  readonly #connector: Connector
  readonly #limits: HandshakeLimits
  readonly #sessions: SessionCache
  readonly #target: Target
  readonly #resolve: (connection: Connection) => void
  readonly #reject: (cause: unknown) => void
  readonly #stopConnects = new AbortController()
  /** Candidates and addresses that were tried. */
  readonly #avoid: Array<string> = []
  readonly #failed: Array<FailedHandshake> = []
  readonly #cancels = new Set<() => void>()
  #lastFailure: Error | undefined
  #noOther: Error | undefined
  #attempts = 0
  #connecting = 0
  #isOver = false
  #hedge: ReturnType<typeof setTimeout> | undefined

  constructor(
    connector: Connector,
    limits: HandshakeLimits,
    sessions: SessionCache,
    target: Target,
    resolve: (connection: Connection) => void,
    reject: (cause: unknown) => void
  ) {
    this.#connector = connector
    this.#limits = limits
    this.#sessions = sessions
    this.#target = target
    this.#resolve = resolve
    this.#reject = reject
    const { signal } = target
    signal?.addEventListener("abort", this.#aborted)
    if (signal?.aborted === true) this.#aborted()
    else this.#next()
  }

  readonly #aborted = () => this.#refuse(this.#target.signal?.reason)

  /** Tries one more address, if there may be one. */
  #next(): void {
    if (this.#isOver || this.#connecting > 0) return
    if (this.#attempts >= this.#limits.attempts || this.#noOther !== undefined) return this.#settleFailures()
    this.#attempts++
    this.#connecting++
    const { host, port } = this.#target
    const options = { signal: this.#stopConnects.signal, avoid: [...this.#avoid] }
    this.#connector.connect(host, port, options).then(
      (tcp) => {
        this.#connecting--
        if (this.#isOver) return void tcp.destroy()
        this.#shake(tcp)
      },
      (cause) => {
        this.#connecting--
        this.#noOther = cause
        this.#settleFailures()
      }
    )
  }

  #shake(tcp: net.Socket): void {
    const { host, options } = this.#target
    const { handshakeTimeoutMs: timeoutMs, hedgeAfterMs } = this.#limits
    const candidate = this.#connector.servedBy(tcp)?.candidate ?? tcp.remoteAddress ?? "unknown"
    this.#avoid.push(candidate)
    const beganMs = performance.now()
    const answered = (result: tls.TLSSocket | HandshakeFailure) => {
      if (cancel !== undefined) this.#cancels.delete(cancel)
      if (!(result instanceof HandshakeFailure)) return this.#serve(new Connection(this.#connector, tcp, result))
      const { outcome, message } = result
      this.#connector.report(tcp, "failed")
      this.#failed.push({ candidate, outcome, tookMs: performance.now() - beganMs, message })
      this.#lastFailure = result.cause instanceof Error ? result.cause : result
      this.#next()
    }
    let cancel: (() => void) | undefined
    try {
      cancel = shakeHands(tcp, { host, timeoutMs, options, sessions: this.#sessions }, answered)
    } catch (cause) {
      // The options are wrong, and no other address would help.
      tcp.destroy()
      return this.#refuse(cause)
    }
    this.#cancels.add(cancel)
    clearTimeout(this.#hedge)
    this.#hedge = setTimeout(() => this.#next(), hedgeAfterMs)
  }

  /** Gives up once nothing is under way any more. */
  #settleFailures(): void {
    if (this.#isOver || this.#connecting > 0 || this.#cancels.size > 0) return
    const { host, port } = this.#target
    this.#refuse(
      this.#lastFailure === undefined
        ? this.#noOther
        : new HandshakeError(host, port, this.#failed, this.#lastFailure, this.#noOther)
    )
  }

  #serve(connection: Connection): void {
    this.#end()
    this.#resolve(connection)
  }

  #refuse(cause: unknown): void {
    if (this.#isOver) return
    this.#end()
    this.#reject(cause)
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#hedge)
    this.#target.signal?.removeEventListener("abort", this.#aborted)
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    this.#stopConnects.abort()
  }
}
