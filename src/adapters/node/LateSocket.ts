/**
 * A socket that is connected when its user says so, for libraries that make a socket first and then call its `connect`. Where the
 * connection leads is asked only then, and all bytes go through to the socket that came.
 */
import type * as net from "node:net"
import { Duplex } from "node:stream"

/** What the library asked for; most programs know better, and ignore it. */
export interface AskedFor {
  readonly host: string | undefined
  readonly port: number | undefined
}

export type ConnectLate = (asked: AskedFor) => Promise<net.Socket>

type Done = (error?: Error | null) => void

export class LateSocket extends Duplex {
  readonly #connect: ConnectLate
  readonly #settings: Array<(socket: net.Socket) => void> = []
  #socket: net.Socket | undefined
  #asked = false
  #hasEnded = false

  constructor(connect: ConnectLate) {
    super({ allowHalfOpen: false })
    this.#connect = connect
  }

  /** Connects, and emits `connect`; a failure is an `error`. Once. */
  connect(options: { readonly host?: string; readonly port?: number }): this
  connect(port?: number, host?: string): this
  connect(first?: number | { readonly host?: string; readonly port?: number }, host?: string): this {
    if (this.#asked) throw new Error("this socket is connected already: make another one")
    this.#asked = true
    const asked = typeof first === "object" ? first : { host, port: first }
    this.#connect({ host: asked.host, port: asked.port }).then(
      (socket) => this.#attach(socket),
      (cause) => this.destroy(cause instanceof Error ? cause : new Error(String(cause)))
    )
    return this
  }

  get connecting(): boolean {
    return this.#asked && this.#socket === undefined && !this.destroyed
  }

  get remoteAddress(): string | undefined {
    return this.#socket?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#socket?.remotePort
  }

  setNoDelay(noDelay?: boolean): this {
    return this.#set((socket) => void socket.setNoDelay(noDelay))
  }

  setKeepAlive(enable?: boolean, initialDelayMs?: number): this {
    return this.#set((socket) => void socket.setKeepAlive(enable, initialDelayMs))
  }

  setTimeout(timeoutMs: number, timedOut?: () => void): this {
    if (timedOut !== undefined) this.once("timeout", timedOut)
    return this.#set((socket) => void socket.setTimeout(timeoutMs))
  }

  ref(): this {
    return this.#set((socket) => void socket.ref())
  }

  unref(): this {
    return this.#set((socket) => void socket.unref())
  }

  override _read(): void {
    this.#socket?.resume()
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: Done): void {
    this.#whenConnected((socket) =>
      void socket.write(chunk, encoding, (error) => {
        // Its owner closed the socket, which is an end and no error, as for any socket that is closed on this side.
        if (error && socket.destroyed && socket.errored === null) this.destroy()
        done(error)
      })
    )
  }

  override _final(done: Done): void {
    this.#whenConnected((socket) => void socket.end(() => done()))
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket?.destroy()
    done(error)
  }

  #set(setting: (socket: net.Socket) => void): this {
    if (this.#socket === undefined) this.#settings.push(setting)
    else setting(this.#socket)
    return this
  }

  #whenConnected(use: (socket: net.Socket) => void): void {
    if (this.#socket === undefined) this.once("connect", () => use(this.#socket as net.Socket))
    else use(this.#socket)
  }

  #attach(socket: net.Socket): void {
    if (this.destroyed) return void socket.destroy()
    this.#socket = socket
    for (const setting of this.#settings) setting(socket)
    socket.on("data", (chunk: Uint8Array) => {
      if (!this.push(chunk)) socket.pause()
    })
    socket.on("end", () => {
      this.#hasEnded = true
      this.push(null)
    })
    socket.on("timeout", () => this.emit("timeout"))
    socket.on("error", (error) => this.destroy(error))
    // What it had sent before its end is still to be read.
    socket.on("close", () => this.#hasEnded ? undefined : this.destroy())
    this.emit("connect")
    this.emit("ready")
  }
}

/**
 * A socket for libraries that make one first and then call its `connect`, such as `pg` (`stream`). It asks for its connection when
 * it is told to connect: `lateSocket(() => fairlead.connect("db"))`.
 */
export const lateSocket = (connect: ConnectLate): LateSocket => new LateSocket(connect)
