/**
 * The idle connections of a dispatcher or an agent: for how long each may be used again, and what their ends teach.
 *
 * - A connection that has been idle for longer than the limit of its origin takes no request and is closed.
 * - Idle or not, no request is taken by a connection that was reported as useless, that was opened under other rules for TLS,
 *   before a reload, or that leads to a candidate which is shut out.
 * - One of each origin is only set aside instead, and stays open. Its end shows how long the origin lets an idle connection
 *   live. That may be longer than what is known.
 * - Reported is what an origin does: it closes an idle connection, one is dead when it is used again, one outlives what is
 *   known, and how long the origin says that it keeps them. With an end goes how many connections have served again after
 *   at least as long: an end that many outlived had another reason.
 */
import type { Connection } from "./Connection.ts"
import type { Kept, SawIdle } from "./Connector.ts"
import type { Address } from "./placeOf.ts"
import { placeOf } from "./placeOf.ts"
import { BROKEN } from "./Resending.ts"

/** A connection that was idle for less did not die of that, when a request met its end. */
const LEAST_IDLE_MS = 500
/** How it shows that the other side ended a connection. */
export const GONE: ReadonlySet<string> = new Set([...BROKEN, "ETIMEDOUT"])
/** As undici has it. */
export const MOST_IDLE_MS = 600_000
const FIRST_MILESTONE_MS = 8_000
const MOST_ORIGINS = 1_024
const MOST_OUTLIVED = 16

export class IdleConnections {
  readonly #kept: Kept | undefined
  readonly #ownLimitMs: ((origin: string) => number | undefined) | undefined
  readonly #onAside: (connection: Connection) => void
  /** Each waits for its limit, or was set aside. */
  readonly #timers = new Map<Connection, ReturnType<typeof setTimeout>>()
  readonly #aside = new Map<string, Connection>()
  readonly #announced = new Map<string, number>()
  /** For how long the last connections of each origin had been idle that served again. */
  readonly #servedAfterMs = new Map<string, ReadonlyArray<number>>()

  /** `ownLimitMs`: the program's own limits. `onAside` is called with a connection that is set aside. */
  constructor(
    kept: Kept | undefined,
    ownLimitMs: ((origin: string) => number | undefined) | undefined,
    onAside: (connection: Connection) => void = () => {}
  ) {
    this.#kept = kept
    this.#ownLimitMs = ownLimitMs
    this.#onAside = onAside
  }

  /** Whether the connections' limits are Fairlead's: otherwise those of undici and Node remain in force. */
  get learns(): boolean {
    return this.#ownLimitMs === undefined && this.#kept !== undefined
  }

  /** For how long a connection to the origin may have been idle to take a request; undefined: as long as it is open. */
  limitMs(origin: string): number | undefined {
    return this.#ownLimitMs === undefined ? this.limitOf(placeOf(origin)) : this.#ownLimitMs(origin)
  }

  limitOf({ host, port }: Address): number | undefined {
    return this.#kept?.limitMs(host, port)
  }

  /** Whether a connection that was opened earlier leads to where one would be opened now. */
  isServing({ host, port }: Address, connection: Connection): boolean {
    if (connection.rules !== this.#rulesOf({ host, port })) return false
    return this.#kept?.isServing(host, port, connection.served?.candidate ?? null) ?? true
  }

  /** Whether it takes no further request, however long it was idle. */
  isBarred(connection: Connection): boolean {
    if (connection.isSpent || this.isOutdated(connection)) return true
    const { host, port } = placeOf(connection.origin)
    return this.#kept?.isShut?.(host, port, connection.served?.candidate ?? null) === true
  }

  /** Whether a reload has changed the rules for TLS since it was opened. */
  isOutdated({ origin, rules }: Connection): boolean {
    return origin.startsWith("https:") && rules !== this.#rulesOf(placeOf(origin))
  }

  #rulesOf({ host, port }: Address): string {
    return this.#kept?.rules?.(host, port) ?? ""
  }

  /** The server closed a connection that had waited for so long for its first request. */
  closedUnused({ host, port }: Address, idleMs: number): void {
    if (this.learns) this.#kept?.report(host, port, "closed", idleMs)
  }

  /** A request goes out on it. */
  begin(connection: Connection): void {
    connection.isIdle = false
    clearTimeout(this.#timers.get(connection))
    this.#timers.delete(connection)
  }

  /** It has no request any more. When it has been idle for too long, `drop` is called, unless it is set aside. */
  rest(connection: Connection, mayStandAside: boolean, drop: () => void): void {
    if (connection.isIdle || connection.socket.destroyed) return
    connection.isIdle = true
    this.#wait(connection, mayStandAside, drop)
  }

  isTooOld({ idleSinceMs, isIdle, origin }: Connection): boolean {
    const limitMs = this.limitMs(origin)
    return isIdle && limitMs !== undefined && performance.now() - idleSinceMs > limitMs
  }

  isAside(connection: Connection): boolean {
    return this.#aside.get(connection.origin) === connection
  }

  /** Sets aside a connection that is too old; false: another one of its origin is, or nothing would be learned. */
  setAside(connection: Connection, drop: () => void): boolean {
    const { origin } = connection
    if (!this.learns || this.#aside.has(origin)) return this.isAside(connection)
    clearTimeout(this.#timers.get(connection))
    this.#aside.set(origin, connection)
    this.#await(connection, drop)
    this.#onAside(connection)
    return true
  }

  /** It is closed. */
  ended(connection: Connection, isByPeer: boolean): void {
    clearTimeout(this.#timers.get(connection))
    this.#timers.delete(connection)
    if (this.isAside(connection)) this.#aside.delete(connection.origin)
    if (isByPeer && connection.isIdle && !connection.isDropped) {
      this.#report(connection.origin, "closed", performance.now() - connection.idleSinceMs)
    }
    connection.isIdle = false
  }

  /** Closes what is set aside. */
  close(): void {
    for (const connection of this.#aside.values()) connection.drop()
  }

  /** An answer came on it, after it had been idle for so long. */
  served({ origin }: Connection, idleMs: number): void {
    if (!this.learns) return
    if (this.#servedAfterMs.size >= MOST_ORIGINS) this.#servedAfterMs.clear()
    this.#servedAfterMs.set(origin, [...this.#servedAfterMs.get(origin) ?? [], idleMs].slice(-MOST_OUTLIVED))
  }

  /** A request met its end, after it had been idle for so long. */
  dead({ origin }: Connection, idleMs: number): void {
    if (idleMs >= LEAST_IDLE_MS) this.#report(origin, "dead", idleMs)
  }

  /** A response had this header `Keep-Alive`. */
  announced({ origin }: Connection, header: string | ReadonlyArray<string> | undefined): void {
    if (header === undefined || !this.learns) return
    const seconds = /(?:^|[\s,;])timeout=(\d{1,7})/i.exec(String(header))?.[1]
    if (seconds === undefined || this.#announced.get(origin) === Number(seconds)) return
    if (this.#announced.size >= MOST_ORIGINS) this.#announced.clear()
    this.#announced.set(origin, Number(seconds))
    this.#report(origin, "announced", Number(seconds) * 1000)
  }

  #wait(connection: Connection, mayStandAside: boolean, drop: () => void): void {
    const limitMs = this.limitMs(connection.origin)
    if (limitMs === undefined) return
    const leftMs = Math.max(0, limitMs - (performance.now() - connection.idleSinceMs))
    this.#arm(connection, leftMs + 1, () => {
      if (!this.isTooOld(connection)) this.#wait(connection, mayStandAside, drop)
      else if (!mayStandAside || !this.setAside(connection, drop)) drop()
    })
  }

  /** Waits for its end, and tells now and then that it has not come. */
  #await(connection: Connection, drop: () => void): void {
    const { origin, idleSinceMs } = connection
    const idleMs = performance.now() - idleSinceMs
    let nextMs = FIRST_MILESTONE_MS
    while (nextMs <= idleMs) nextMs *= 2
    nextMs = Math.min(nextMs, MOST_IDLE_MS)
    this.#arm(connection, nextMs - idleMs + 1, () => {
      this.#report(origin, "alive", nextMs)
      if (nextMs < MOST_IDLE_MS) this.#await(connection, drop)
      else drop()
    })
  }

  #arm(connection: Connection, afterMs: number, then: () => void): void {
    const timer = setTimeout(then, afterMs)
    // An idle connection keeps no process alive.
    timer.unref?.()
    this.#timers.set(connection, timer)
  }

  #report(origin: string, saw: SawIdle, idleMs: number): void {
    if (!this.learns) return
    const { host, port } = placeOf(origin)
    const outlived = saw === "alive" || saw === "announced"
      ? 0
      : this.#servedAfterMs.get(origin)?.filter((ms) => ms >= idleMs).length ?? 0
    if (saw === "closed" || saw === "dead") this.#servedAfterMs.delete(origin)
    this.#kept?.report(host, port, saw, idleMs, outlived)
  }
}
