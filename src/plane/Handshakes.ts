/**
 * Handshakes: clients that have not named their target yet. Each holds a connection of its listener, so their number, their time and
 * their number per client address are limited. Where a listener is full, and half of its connections are handshakes, the oldest one
 * has to leave for a new client: an honest handshake takes a few round trips, so slow clients keep no others out.
 */
import type { Entry, TurnedAway } from "./Entry.ts"
import type { Listener } from "./Listener.ts"
import { entryFor } from "./Listener.ts"
import type { Cancel, ClientSocket, Door, Transport } from "./ports/Transport.ts"
import type { Target } from "./Target.ts"

/** Serves a client that has named its target. */
export type Serve = (
  listener: Listener,
  entry: Entry,
  client: ClientSocket,
  target: Target,
  ended: () => void
) => Cancel

interface Handshake {
  readonly address: string
  isCounted: boolean
  /** Ends the connection. */
  readonly end: (turnedAway?: TurnedAway) => void
}

export class Handshakes {
  readonly #transport: Transport["Service"]
  readonly #serve: Serve
  /** Of each listener, the oldest first. */
  readonly #pending = new WeakMap<Listener, Set<Handshake>>()
  readonly #counts = new WeakMap<Listener, Map<string, number>>()

  #isClosed = false

  constructor(transport: Transport["Service"], serve: Serve) {
    this.#transport = transport
    this.#serve = serve
  }

  /** Has the client name its target and serves it; `left` is called once when the connection is over. The cancel ends it. */
  begin(listener: Listener, entry: Entry, socket: ClientSocket, left: () => void): Cancel {
    const counts = this.#countsOf(listener)
    const pending = this.#pendingOf(listener)
    const address = networkOf(socket.addressUnsafe())
    const sessions = new Set<Cancel>()
    let isOver = false
    let hasNamed = false
    let stopTimer: Cancel = nothing
    let stopHandshake: Cancel = nothing

    /** A listener that a reload took away still serves what a client was about to ask for. */
    const rules = () => hasNamed || listener.phase !== "gone" ? entryFor(listener, entry, socket) : entry
    const named = () => {
      hasNamed = true
      stopTimer()
      pending.delete(one)
      if (!one.isCounted) return
      one.isCounted = false
      const count = (counts.get(address) ?? 1) - 1
      if (count > 0) counts.set(address, count)
      else counts.delete(address)
    }
    const over = (turnedAway?: TurnedAway) => {
      if (isOver) return
      isOver = true
      named()
      if (turnedAway !== undefined) listener.turnedAway.set(turnedAway, (listener.turnedAway.get(turnedAway) ?? 0) + 1)
      left()
    }
    const end = (turnedAway?: TurnedAway) => {
      if (isOver) return
      over(turnedAway)
      stopHandshake()
      for (const stop of [...sessions]) stop()
      socket.resetUnsafe()
    }
    const limit = () => {
      pending.add(one)
      stopTimer = this.#transport.wheelTimerUnsafe(entry.timeoutMs, () => end("late"))
    }
    const one: Handshake = { address, isCounted: true, end }
    const door: Door = {
      enterUnsafe: (client, target, ended) => {
        const inForce = rules() ?? entry
        named()
        let isServed = true
        let stop: Cancel = nothing
        const stopOnce = () => {
          if (isServed) stop()
        }
        sessions.add(stopOnce)
        stop = this.#serve(listener, inForce, client, target, () => {
          isServed = false
          sessions.delete(stopOnce)
          ended()
        })
        return stopOnce
      },
      nextUnsafe: () => {
        const isFree = !this.#isClosed && rules() !== undefined
        if (!isOver && isFree && !pending.has(one)) limit()
        return isFree
      },
      entryUnsafe: rules,
      leftUnsafe: over
    }
    const count = counts.get(address) ?? 0
    if (count >= entry.perClient) {
      one.isCounted = false
      end("late")
      return nothing
    }
    counts.set(address, count + 1)
    limit()
    stopHandshake = this.#transport.greetUnsafe(socket, entry, door)
    return end
  }

  /** Ends the oldest handshake of a full listener, if handshakes are what fills it. */
  makeRoom(listener: Listener): void {
    const pending = this.#pendingOf(listener)
    if (pending.size * 2 < listener.connections) return
    for (const oldest of pending) return oldest.end("late")
  }

  /** Ends all handshakes of these listeners. Clients that are served go on, and may name no further target. */
  close(listeners: ReadonlyArray<Listener>): void {
    this.#isClosed = true
    for (const listener of listeners) for (const one of [...this.#pendingOf(listener)]) one.end()
  }

  #pendingOf(listener: Listener): Set<Handshake> {
    return found(this.#pending, listener, () => new Set())
  }

  #countsOf(listener: Listener): Map<string, number> {
    return found(this.#counts, listener, () => new Map())
  }
}

function found<K extends object, V>(map: WeakMap<K, V>, key: K, make: () => V): V {
  const known = map.get(key) ?? make()
  map.set(key, known)
  return known
}

/** One client can have all addresses of a network of 64 bits. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address
  const [head = ""] = address.split("::")
  return head.split(":").slice(0, 4).join(":")
}

function nothing(): void {}
