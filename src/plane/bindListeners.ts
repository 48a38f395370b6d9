/** Binds listeners, all of them or none. An address that a listener of our own holds is named in the error. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Listener, ListenerOptions } from "./Listener.ts"
import { blameOwn } from "./ownListeners.ts"
import type { ClientSocket, Transport } from "./ports/Transport.ts"

export interface Binding {
  readonly transport: Transport["Service"]
  /** Ends all listeners. */
  readonly scope: Scope.Scope
  /** The listeners that are bound already. */
  readonly bound: ReadonlyArray<Listener>
  readonly arrived: (listener: Listener, socket: ClientSocket) => void
}

export const bindListeners = Effect.fnUntraced(function* (binding: Binding, all: ReadonlyArray<ListenerOptions>) {
  const fresh: Array<Listener> = []
  const undo = Effect.suspend(() =>
    Effect.forEach(fresh, (listener) => {
      for (const socket of listener.waiting.splice(0)) socket.resetUnsafe()
      return Scope.close(listener.scope, Exit.void)
    }, { discard: true })
  )
  for (const options of all) fresh.push(yield* Effect.onError(bind(binding, options), () => undo))
  return fresh
})

const bind = Effect.fnUntraced(function* ({ transport, scope, bound, arrived }: Binding, options: ListenerOptions) {
  const own = yield* Scope.fork(scope)
  const listener: Listener = {
    options,
    listening: undefined,
    scope: own,
    phase: "new",
    waiting: [],
    connections: 0,
    accepted: 0,
    refused: 0,
    turnedAway: new Map()
  }
  const onClient = (socket: ClientSocket) => arrived(listener, socket)
  listener.listening = yield* Scope.provide(transport.listen(options.name, options.listen, onClient), own).pipe(
    Effect.onError(() => Scope.close(own, Exit.void)),
    Effect.mapError((error) => blameOwn(bound, error))
  )
  return listener
})
