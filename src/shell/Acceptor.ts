/**
 * Acceptor: listeners, and one fiber for each client.
 *
 * A client is served when a session is free on its listener and the mailbox can promise places for its beginning and its
 * end. Otherwise it waits its turn, unread, in order of arrival; more than `backlog` waiting are reset, as a full backlog
 * of the kernel would.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { Address } from "../core/model/Config.ts"
import { Counts } from "./Counts.ts"
import { Engine } from "./Engine.ts"
import type { BindError } from "./errors.ts"
import type { Client } from "./Forward.ts"
import { forward } from "./Forward.ts"
import type { ClientSocket, Listening } from "./Transport.ts"
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

interface Listener {
  readonly options: ListenerOptions
  readonly listening: Listening
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
  const sessions = yield* FiberSet.make<unknown>()
  const fork = yield* FiberSet.runtime(sessions)()
  const bound: Array<Listener> = []
  let nextSession = 1

  const serve = (listener: Listener, socket: ClientSocket) => {
    const { name, upstream } = listener.options
    const client: Client = { socket, session: nextSession++, listener: name, upstream }
    listener.connections++
    listener.accepted++
    fork(Effect.ensuring(forward({ transport, engine, counts }, client), Effect.sync(() => left(listener))))
  }

  const left = (listener: Listener) => {
    listener.connections--
    for (const one of bound) admitWaiting(one)
  }

  const admitWaiting = (listener: Listener) => {
    while (listener.waiting.length > 0 && hasRoom(listener) && engine.reserveUnsafe(PLACES)) {
      serve(listener, listener.waiting.shift() as ClientSocket)
    }
  }

  const hasRoom = (listener: Listener) => listener.connections < listener.options.maxConnections

  const arrived = (listener: Listener, socket: ClientSocket) => {
    if (listener.waiting.length === 0 && hasRoom(listener) && engine.reserveUnsafe(PLACES)) return serve(listener, socket)
    if (listener.waiting.length < listener.options.backlog) return void listener.waiting.push(socket)
    listener.refused++
    socket.resetUnsafe()
  }

  for (const options of listeners) {
    const early: Array<ClientSocket> = []
    let listener: Listener | undefined
    const listening = yield* transport.listen(options.name, options.listen, (socket) => {
      if (listener === undefined) early.push(socket)
      else arrived(listener, socket)
    })
    listener = { options, listening, waiting: [], connections: 0, accepted: 0, refused: 0 }
    bound.push(listener)
    for (const socket of early) arrived(listener, socket)
  }

  const stopAccepting = Effect.forEach(
    bound,
    ({ listening, waiting }) =>
      Effect.andThen(listening.stop, Effect.sync(() => waiting.splice(0).forEach((socket) => socket.resetUnsafe()))),
    {
      discard: true
    }
  )

  return Acceptor.of({
    counts,
    statusUnsafe: () =>
      bound.map(({ options, listening, waiting, connections, accepted, refused }) => ({
        name: options.name,
        listen: listening.address,
        connections,
        waiting: waiting.length,
        accepted,
        refused
      })),
    drain: Effect.fnUntraced(function* (drainMs) {
      yield* stopAccepting
      yield* Effect.timeoutOption(FiberSet.awaitEmpty(sessions), drainMs)
      const left = yield* FiberSet.size(sessions)
      yield* FiberSet.clear(sessions)
      return left
    })
  })
})
