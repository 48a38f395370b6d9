/**
 * TLS connections that are opened ahead of use, so that a request without a kept connection takes one round trip, not three.
 *
 * - An origin in use has some: two requests came within `idleAfterMs`, and the last one is not longer ago.
 * - One that leads to a candidate which does not serve any more is closed instead of used.
 * - What a request takes, or the server closes, is replaced. After a failure a pause comes first, doubling to a minute.
 * - One that has waited for as long as the origin's idle connections may is closed, and replaced while the origin is in use, at
 *   most eight times in a row without a request for it.
 * - One connection of HTTP/2 takes many requests at a time, so an origin with HTTP/2 has none.
 * - An origin that closes idle connections within a second or so has none.
 */
import type * as tls from "node:tls"
import type { Connection } from "./Connection.ts"
import type { TlsOptions } from "./handshake.ts"
import type { OpenTls } from "./openTls.ts"
import type { Address } from "./placeOf.ts"
import { placeOf } from "./placeOf.ts"

export interface WarmTlsOptions {
  /** Connections of each origin in use. The default is 1. */
  readonly perOrigin?: number
  /** Connections of all origins together. The default is 32. */
  readonly total?: number
  /** An origin without a request for this long has none, in ms. The default is 60,000. */
  readonly idleAfterMs?: number
}

const FIRST_PAUSE_MS = 1_000
const MOST_PAUSE_MS = 60_000
/** Where idle connections live no longer than this, they are of no use. */
const LEAST_AGE_MS = 1_000
const MOST_UNUSED = 8
const MOST_PLACES = 1_024

interface Place extends Address {
  readonly key: string
  readonly options: TlsOptions
  readonly ready: Array<Connection>
  opening: number
  lastUseMs: number
  isUsed: boolean
  /** One connection takes many requests at a time (HTTP/2), so it needs no other one; undefined: not known yet. */
  isShared: boolean | undefined
  unused: number
  failures: number
  notBeforeMs: number
  timer: ReturnType<typeof setTimeout> | undefined
}

/** What it needs of the idle connections around it. */
export interface Limits {
  readonly limitOf: (place: Address) => number | undefined
  /** Whether it leads to where a new one would lead. */
  readonly isServing: (place: Address, connection: Connection) => boolean
  /** The server closed one that had waited for so long. */
  readonly closedUnused: (place: Address, idleMs: number) => void
}

export class WarmTls {
  readonly #open: OpenTls
  readonly #limits: Limits
  readonly #perOrigin: number
  readonly #total: number
  readonly #idleAfterMs: number
  readonly #places = new Map<string, Place>()
  readonly #stop = new AbortController()
  #count = 0

  constructor(open: OpenTls, { perOrigin = 1, total = 32, idleAfterMs = 60_000 }: WarmTlsOptions, limits: Limits) {
    this.#open = open
    this.#limits = limits
    this.#perOrigin = perOrigin
    this.#total = total
    this.#idleAfterMs = idleAfterMs
  }

  /** Gives a connection that waits, or opens one. */
  readonly open: OpenTls = (host, port, options, signal) =>
    this.openAs(options.servername ?? "", host, port, options, signal)

  /**
   * The same where options differ between requests. `identity` is another for other options; undefined: nothing tells them
   * apart, so the connection is a new one.
   */
  openAs(identity: string | undefined, ...[host, port, options, signal]: Parameters<OpenTls>): Promise<Connection> {
    if (identity === undefined) return this.#open(host, port, options, signal)
    const place = this.#placeOf(identity, host, port, options)
    const ready = this.#take(place)
    if (ready === undefined) {
      const opening = this.#open(host, port, options, signal)
      opening.then(({ socket }) => {
        place.isShared = (socket as tls.TLSSocket).alpnProtocol === "h2"
        this.#fill(place)
      }, ignore)
      return opening
    }
    place.unused = 0
    ready.socket.ref()
    ready.hasWaited = true
    this.#fill(place)
    return Promise.resolve(ready)
  }

  /** The first that leads to an address that serves now. The others are closed. */
  #take(place: Place): Connection | undefined {
    for (let one = place.ready.shift(); one !== undefined; one = place.ready.shift()) {
      this.#count--
      one.socket.off("close", closers.get(one) ?? ignore)
      if (!one.socket.destroyed && this.#limits.isServing(place, one)) return one
      one.drop()
    }
    return undefined
  }

  /** A request for the origin came, whatever connection serves it. */
  used(origin: string): void {
    if (this.#perOrigin === 0 || !origin.startsWith("https:")) return
    const { host, port } = placeOf(origin)
    const nowMs = performance.now()
    for (const place of this.#places.values()) {
      if (place.host !== host || place.port !== port) continue
      place.isUsed = nowMs - place.lastUseMs < this.#idleAfterMs
      place.lastUseMs = nowMs
      place.unused = 0
      this.#fill(place)
    }
  }

  /** Connections that wait. */
  get waiting(): number {
    return [...this.#places.values()].reduce((sum, { ready }) => sum + ready.length, 0)
  }

  close(): void {
    this.#stop.abort()
    for (const place of this.#places.values()) {
      clearTimeout(place.timer)
      for (const { socket } of place.ready.splice(0)) socket.destroy()
    }
    this.#places.clear()
  }

  #placeOf(identity: string, host: string, port: number, options: TlsOptions): Place {
    const key = `${host}:${port} ${identity}`
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place: Place = {
      ...{
        key,
        host,
        port,
        options,
        ready: [],
        opening: 0,
        lastUseMs: performance.now(),
        isUsed: false,
        isShared: undefined
      },
      ...{ unused: 0, failures: 0, notBeforeMs: 0, timer: undefined }
    }
    this.#forgetOld()
    this.#places.set(key, place)
    return place
  }

  #forgetOld(): void {
    if (this.#places.size < MOST_PLACES) return
    for (const { key, ready, opening } of this.#places.values()) {
      if (ready.length + opening === 0) this.#places.delete(key)
    }
  }

  #fill(place: Place): void {
    const nowMs = performance.now()
    const ageMs = Math.min(this.#limits.limitOf(place) ?? this.#idleAfterMs, this.#idleAfterMs)
    const isInUse = place.isUsed && place.isShared === false && nowMs - place.lastUseMs < this.#idleAfterMs
      && place.unused < MOST_UNUSED
    if (this.#stop.signal.aborted || !isInUse || ageMs < Math.min(LEAST_AGE_MS, this.#idleAfterMs)) return
    if (nowMs < place.notBeforeMs) return this.#later(place, place.notBeforeMs - nowMs)
    while (place.ready.length + place.opening < this.#perOrigin && this.#count < this.#total) this.#add(place, ageMs)
  }

  #later(place: Place, afterMs: number): void {
    clearTimeout(place.timer)
    place.timer = setTimeout(() => this.#fill(place), afterMs + 1)
    place.timer.unref?.()
  }

  #add(place: Place, ageMs: number): void {
    this.#count++
    place.opening++
    this.#open(place.host, place.port, place.options, this.#stop.signal).then(
      (connection) => {
        place.opening--
        if (this.#stop.signal.aborted) return void connection.socket.destroy()
        this.#keep(place, connection, ageMs)
      },
      () => {
        place.opening--
        this.#count--
        this.#failed(place)
      }
    )
  }

  #keep(place: Place, connection: Connection, ageMs: number): void {
    const { socket } = connection
    const beganMs = performance.now()
    const gone = (isByServer: boolean) => {
      const at = place.ready.indexOf(connection)
      if (at < 0) return
      place.ready.splice(at, 1)
      this.#count--
      clearTimeout(timer)
      socket.destroy()
      if (!isByServer) {
        place.unused++
        return this.#fill(place)
      }
      const livedMs = performance.now() - beganMs
      this.#limits.closedUnused(place, livedMs)
      if (livedMs < LEAST_AGE_MS) this.#failed(place)
      else this.#fill(place)
    }
    const timer = setTimeout(() => gone(false), ageMs)
    timer.unref?.()
    const closed = () => gone(true)
    closers.set(connection, closed)
    socket.once("close", closed)
    socket.unref()
    place.failures = 0
    place.ready.push(connection)
  }

  #failed(place: Place): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** place.failures++, MOST_PAUSE_MS)
    place.notBeforeMs = performance.now() + pauseMs
    this.#fill(place)
  }
}

/** What hears of the end of each that waits. */
const closers = new WeakMap<Connection, () => void>()

function ignore(): void {}
