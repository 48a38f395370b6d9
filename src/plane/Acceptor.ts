/**
 * Acceptor: listeners, and the sessions of their clients.
 *
 * A client is served when its listener has a free session, the control plane grants permits for the client's beginning and end, and the
 * routes have its upstream. Otherwise it waits, unread, in order of arrival. While `backlog` clients wait, a further one is reset, as by
 * a full backlog of the kernel. While descriptors are short no client is accepted (Room.ts).
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { pick } from "../core/pick.ts"
import { bindListeners } from "./bindListeners.ts"
import { ClientNumbers } from "./ClientNumbers.ts"
import { Counts } from "./Counts.ts"
import { Discovery } from "./Discovery.ts"
import type { BindError } from "./ports/errors.ts"
import type { Client } from "./Forward.ts"
import { Guard } from "./Guard.ts"
import { Handshakes } from "./Handshakes.ts"
import { NamedClients } from "./NamedClients.ts"
import { forwardUnsafe } from "./Forward.ts"
import type { Inside } from "./Inside.ts"
import { INSIDE } from "./Inside.ts"
import type { Listener, ListenerOptions, OpenWayIn } from "./Listener.ts"
import { isSame, statusOf, wayInOf, welcomes } from "./Listener.ts"
import { DnsQueries } from "./DnsQueries.ts"
import { isListenerOf } from "./ownListeners.ts"
import type { ListenerStatus } from "./ports/ListenerStatus.ts"
import { Room } from "./Room.ts"
import { Plane } from "./Plane.ts"
import { ControlPort } from "./ports/ControlPort.ts"
import { Sessions } from "./Sessions.ts"
import type { Cancel, ClientSocket } from "./ports/Transport.ts"
import { Transport } from "./ports/Transport.ts"
import type { Target } from "./Target.ts"
import { Targets } from "./Targets.ts"
import type { WarmPool } from "./WarmPool.ts"

/** Permits that a client needs: its beginning and its end. */
const PERMITS = 2
/** The control plane does not tell when it has permits again, so the acceptor looks again after this long. */
const LOOK_AGAIN_MS = 1
const SHORT =
  "descriptors are short: warm sockets are closed, and clients wait to be accepted until others leave; raise the limit (ulimit -n)"

/** `reserve`: descriptors that clients leave free. */
export class Acceptor extends Context.Service<Acceptor, {
  readonly statusUnsafe: () => ReadonlyArray<ListenerStatus>
  readonly waysInUnsafe: () => ReadonlyArray<OpenWayIn>
  /** Whether clients are accepted: from start until the drain. */
  readonly isOpenUnsafe: () => boolean
  readonly counts: Counts
  readonly warmPool: WarmPool
  readonly discovery: Discovery
  readonly inside: Inside
  /**
   * Serves these listeners from now on. Sessions go on. New listeners are bound first, then old ones stop accepting. A
   * listener that keeps its address is not bound again, whatever else of it changed. On failure nothing has changed.
   */
  readonly rebind: (listeners: ReadonlyArray<ListenerOptions>) => Effect.Effect<void, BindError>
  /** Stops accepting, waits for the sessions at most `drainMs`, then resets the rest and returns their number. */
  readonly drain: (drainMs: number) => Effect.Effect<number>
}>()("fairlead/plane/Acceptor") {
  static readonly layer = (
    listeners: ReadonlyArray<ListenerOptions>,
    reserve = 0
  ): Layer.Layer<Acceptor, BindError, ControlPort | Plane | Transport> => Layer.effect(Acceptor, make(listeners, reserve))
}

const make = Effect.fnUntraced(function* (listeners: ReadonlyArray<ListenerOptions>, reserve: number) {
  const transport = yield* Transport
  const control = yield* ControlPort
  const { warmPool } = yield* Plane
  const counts = new Counts()
  const sessions = new Sessions()
  const scope = yield* Effect.scope
  const oneAtATime = Semaphore.makeUnsafe(1)
  let bound: ReadonlyArray<Listener> = []
  let draining = false
  let nextSession = 1
  let turns = 0
  // Chance is not replayed. The record has the choice, and replay checks that it was admissible.
  const chance = { draw: Math.random, turn: () => turns++ }
  const { query: queryDns } = new DnsQueries(control.resolver)
  const targets = new Targets(control.routesUnsafe())
  const discovery = new Discovery(control, transport, targets)
  const ports = { transport, control, warmPool, counts, queryDns, clients: new ClientNumbers(), chance, targets, discovery }
  const fork = yield* FiberSet.makeRuntime<never, void>()
  const room = new Room(
    transport,
    warmPool,
    reserve,
    () => bound.flatMap(({ listening }) => listening ?? []),
    () => bound.every(({ connections }) => connections === 0),
    () => void fork(Effect.logWarning(SHORT))
  )
  let stopLooking: Cancel | undefined
  // Runs when no client is accepted any more.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      room.stop()
      resetWaiting()
      sessions.stopAll()
      discovery.stop()
    })
  )

  const own = {
    isListener: (host: string, port: number) => isListenerOf(bound, host, port),
    addresses: transport.ownAddressesUnsafe
  }
  const named = new NamedClients((client, ended) =>
    control.reserveUnsafe(PERMITS) ? forwardUnsafe(ports, client, ended) : undefined
  )
  const handshakes = new Handshakes(transport, ({ options: { name } }, entry, socket, target, ended) => {
    const client = { socket, session: nextSession++, listener: name, target, guard: new Guard(entry, own) }
    const stop = named.enter(client, ended)
    if (named.isWaiting) lookAgain()
    return stop
  })

  const serve = (listener: Listener, socket: ClientSocket) => {
    const { name, target, entry } = listener.options
    listener.connections++
    listener.accepted++
    if (entry !== undefined) {
      sessions.add((end) => handshakes.begin(listener, entry, socket, end), () => left(listener))
      return
    }
    if (target === undefined) throw new Error(`listener ${name} has neither a target nor an entry`)
    const client: Client = { socket, session: nextSession++, listener: name, target }
    sessions.add((end) => forwardUnsafe(ports, client, end), () => left(listener))
  }

  const left = (listener: Listener) => {
    listener.connections--
    sweep()
    admitWaiting()
  }

  /** A client that has yet to name its target needs no permits before. */
  const mayServe = ({ options: { entry } }: Listener) => entry !== undefined || control.reserveUnsafe(PERMITS)

  const admitWaiting = () => {
    if (!named.admit()) lookAgain()
    for (const listener of bound) {
      while (listener.waiting.length > 0 && hasRoom(listener)) {
        if (!mayServe(listener)) return lookAgain()
        serve(listener, listener.waiting.shift() as ClientSocket)
      }
      if (listener.waiting.length > 0 && !isKnown(listener.options.target)) lookAgain()
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

  const hasRoom = ({ options, phase, connections }: Listener) =>
    phase !== "new" && connections < options.maxConnections && isKnown(options.target)

  /** A host that the routes do not have is discovered; an upstream that they do not have comes with a reload. */
  const isKnown = (target: Target | undefined) =>
    target === undefined || target._tag === "Host" || targets.slotOf(target) !== undefined

  const arrived = (listener: Listener, socket: ClientSocket) => {
    room.changed()
    if (listener.options.clients !== undefined && !welcomes(listener, socket)) return socket.resetUnsafe()
    if (listener.options.entry !== undefined && !hasRoom(listener)) handshakes.makeRoom(listener)
    const free = listener.waiting.length === 0 && hasRoom(listener)
    if (free && mayServe(listener)) return serve(listener, socket)
    if (listener.waiting.length < listener.options.backlog) {
      listener.waiting.push(socket)
      return free || !isKnown(listener.options.target) ? lookAgain() : undefined
    }
    listener.refused++
    socket.resetUnsafe()
  }

  /** Forgets listeners that are gone and have no client left. */
  const sweep = () => {
    if (bound.every(({ phase }) => phase !== "gone")) return
    bound = bound.filter(({ phase, connections, waiting }) => phase !== "gone" || connections + waiting.length > 0)
  }

  const rebind = Effect.fnUntraced(
    function* (wanted: ReadonlyArray<ListenerOptions>) {
      if (draining) return
      const open = bound.filter(({ phase }) => phase === "open")
      const keeps = new Map(wanted.map((options) => [options, open.find((one) => isSame(one.options, options))]))
      const fresh = yield* bindListeners(
        { transport, scope, bound, arrived },
        wanted.filter((options) => keeps.get(options) === undefined)
      )
      for (const [options, listener] of keeps) if (listener !== undefined) listener.options = options
      const reused = new Set(keeps.values())
      const gone = open.filter((listener) => !reused.has(listener))
      for (const listener of gone) listener.phase = "gone"
      for (const listener of fresh) listener.phase = "open"
      bound = [...bound, ...fresh]
      room.changed()
      yield* Effect.forEach(gone, (listener) => Scope.close(listener.scope, Exit.void), { discard: true })
      sweep()
      admitWaiting()
    },
    Effect.uninterruptible,
    oneAtATime.withPermits(1)
  )

  yield* rebind(listeners)

  const stopAccepting = oneAtATime.withPermits(1)(Effect.suspend(() => {
    draining = true
    const stops = bound.map(({ listening }) => listening?.stop ?? Effect.void)
    const endHandshakes = Effect.sync(() => handshakes.close(bound))
    return Effect.all([...stops, Effect.sync(resetWaiting), endHandshakes], { discard: true })
  }))

  const inside: Inside = {
    enterUnsafe: (socket, target, avoid) => {
      if (draining || !isKnown(target) || !control.reserveUnsafe(PERMITS)) return undefined
      const inside = { socket, session: nextSession++, listener: INSIDE, target }
      const client: Client = avoid === undefined ? inside : { ...inside, avoid }
      return sessions.add((end) => forwardUnsafe(ports, client, end), admitWaiting)
    },
    chooseUnsafe: (upstream) => pick(upstream, counts.of, warmPool.countOf, chance, () => INSIDE),
    sessionUnsafe: () => ({ session: nextSession++, client: ports.clients.of(INSIDE) })
  }

  return Acceptor.of({
    counts,
    warmPool,
    discovery,
    inside,
    isOpenUnsafe: () => !draining,
    waysInUnsafe: () => bound.flatMap(wayInOf),
    statusUnsafe: () => bound.filter(({ phase }) => phase !== "gone").map((listener) => statusOf(listener, room.isPaused)),
    rebind,
    drain: Effect.fnUntraced(function* (drainMs) {
      yield* stopAccepting
      yield* Effect.timeoutOption(sessions.awaitEmpty, drainMs)
      return sessions.stopAll()
    })
  })
})
