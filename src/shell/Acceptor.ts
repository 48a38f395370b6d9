/**
 * Acceptor: listeners, and the sessions of their clients.
 *
 * A client is served when a session is free on its listener and the mailbox can promise places for its beginning and its
 * end. Otherwise it waits its turn, unread, in order of arrival; more than `backlog` waiting are reset, as a full backlog
 * of the kernel would.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { Address } from "../core/model/Config.ts"
import { ClientNumbers } from "./ClientNumbers.ts"
import { Counts } from "./Counts.ts"
import { Engine } from "./Engine.ts"
import type { BindError } from "./errors.ts"
import type { Client } from "./Forward.ts"
import { forwardUnsafe } from "./Forward.ts"
import { Sessions } from "./Sessions.ts"
import type { Cancel, ClientSocket, Listening } from "./Transport.ts"
import { Transport } from "./Transport.ts"

export interface ListenerOptions {
  readonly name: string
  readonly listen: Address
  readonly upstream: UpstreamId
  readonly maxConnections: number
  /** Clients that may wait for a place. */
  readonly backlog: number
}

export interface ListenerStatus {
  readonly name: string
  /** As bound. */
  readonly listen: Address
  readonly connections: number
  readonly waiting: number
  /** Since start. */
  readonly accepted: number
  readonly refused: number
}

/** Places in the mailbox that a client needs: its beginning and its end. */
const PLACES = 2
/** A full mailbox empties without a word to us, so who waits for it has another look after this long. */
const LOOK_AGAIN_MS = 1

interface Listener {
  readonly options: ListenerOptions
  /** undefined until bound. */
  listening: Listening | undefined
  readonly waiting: Array<ClientSocket>
  connections: number
  accepted: number
  refused: number
}

export class Acceptor extends Context.Service<Acceptor, {
  readonly statusUnsafe: () => ReadonlyArray<ListenerStatus>
  readonly counts: Counts
  /** Stops accepting, waits for the sessions at most `drainMs`, then resets what is left; tells how many that were. */
  readonly drain: (drainMs: number) => Effect.Effect<number>
}>()("fairlead/shell/Acceptor") {
  static readonly layer = (
    listeners: ReadonlyArray<ListenerOptions>
  ): Layer.Layer<Acceptor, BindError, Engine | Transport> => Layer.effect(Acceptor, make(listeners))
}

const make = Effect.fnUntraced(function* (listeners: ReadonlyArray<ListenerOptions>) {
  const transport = yield* Transport
  const engine = yield* Engine
  const counts = new Counts()
  const sessions = new Sessions()
  const bound: Array<Listener> = []
  let nextSession = 1
  let turns = 0
  // Chance in the shell is not replayed: the record says who was chosen, and replay judges whether that was admissible.
  const chance = { draw: Math.random, turn: () => turns++ }
  const ports = { transport, engine, counts, clients: new ClientNumbers(), chance }
  let stopLooking: Cancel | undefined
  // Runs when nobody is accepted anymore.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      resetWaiting()
      sessions.stopAll()
    })
  )

  const serve = (listener: Listener, socket: ClientSocket) => {
    const { name, upstream } = listener.options
    const client: Client = { socket, session: nextSession++, listener: name, upstream }
    listener.connections++
    listener.accepted++
    sessions.add((end) => forwardUnsafe(ports, client, end), () => left(listener))
  }

  const left = (listener: Listener) => {
    listener.connections--
    admitWaiting()
  }

  const admitWaiting = () => {
    for (const listener of bound) {
      while (listener.waiting.length > 0 && hasRoom(listener)) {
        if (!engine.reserveUnsafe(PLACES)) return lookAgain()
        serve(listener, listener.waiting.shift() as ClientSocket)
      }
    }
  }

  const lookAgain = () => {
    stopLooking ??= transport.timerUnsafe(LOOK_AGAIN_MS, () => {
      stopLooking = undefined
      admitWaiting()
    })
  }

  const resetWaiting = () => {
    stopLooking?.()
    stopLooking = undefined
    for (const { waiting } of bound) for (const socket of waiting.splice(0)) socket.resetUnsafe()
  }

  const hasRoom = (listener: Listener) => listener.connections < listener.options.maxConnections

  const arrived = (listener: Listener, socket: ClientSocket) => {
    const free = listener.waiting.length === 0 && hasRoom(listener)
    if (free && engine.reserveUnsafe(PLACES)) return serve(listener, socket)
    if (listener.waiting.length < listener.options.backlog) {
      listener.waiting.push(socket)
      return free ? lookAgain() : undefined
    }
    listener.refused++
    socket.resetUnsafe()
  }

  for (const options of listeners) {
    const listener: Listener = { options, listening: undefined, waiting: [], connections: 0, accepted: 0, refused: 0 }
    bound.push(listener)
    listener.listening = yield* transport.listen(options.name, options.listen, (socket) => arrived(listener, socket))
  }

  const stopAccepting = Effect.andThen(
    Effect.forEach(bound, ({ listening }) => listening?.stop ?? Effect.void, { discard: true }),
    Effect.sync(resetWaiting)
  )

  return Acceptor.of({
    counts,
    statusUnsafe: () =>
      bound.map(({ options, listening, waiting, connections, accepted, refused }) => ({
        name: options.name,
        listen: listening?.address ?? options.listen,
        connections,
        waiting: waiting.length,
        accepted,
        refused
      })),
    drain: Effect.fnUntraced(function* (drainMs) {
      yield* stopAccepting
      yield* Effect.timeoutOption(sessions.awaitEmpty, drainMs)
      return sessions.stopAll()
    })
  })
})
