/** A connection for the program. It is a client like all others, and gets the socket itself. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type * as net from "node:net"
import { ProgramClient } from "../../adapters/node/ProgramClient.ts"
import * as Candidates from "../../core/candidates.ts"
import type { Attempt } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import type { Acceptor } from "../../plane/Acceptor.ts"
import type { Engine } from "../../shell/Engine.ts"
import { ConnectError } from "./errors.ts"
import type { Target } from "../../plane/Target.ts"

export interface Ports {
  readonly engine: Engine["Service"]
  readonly acceptor: Acceptor["Service"]
  readonly hasStopped: () => boolean
}

/** Time in ms between two looks at a full mailbox, which gives no notice when it has room. */
const LOOK_AGAIN_MS = 1

/** An interruption stops its dials, and closes a socket that came at the same moment. */
export const connecting = (ports: Ports, target: Target, name: string): Effect.Effect<net.Socket, ConnectError> => {
  const { engine, acceptor, hasStopped } = ports
  const failed = (reason: ConnectError["reason"], tried: ReadonlyArray<Attempt>) =>
    new ConnectError({
      upstream: name,
      reason: hasStopped() ? "stopped" : reason,
      tried: tried.map((one) => triedIn(engine.stateUnsafe(), one))
    })
  let received: net.Socket | undefined
  const attempt = Effect.callback<net.Socket | undefined, ConnectError>((resume) => {
    const client = new ProgramClient({
      received: (socket) => {
        received = socket
        resume(Effect.succeed(socket))
      },
      refused: (tried) => resume(tried === undefined ? Effect.succeed(undefined) : Effect.fail(failed("unreachable", tried)))
    })
    const cancel = hasStopped() ? undefined : acceptor.inside.enterUnsafe(client, target)
    if (cancel === undefined) return resume(Effect.succeed(undefined))
    return Effect.sync(cancel)
  })
  return Effect.gen(function* () {
    const { upstreams, template } = engine.stateUnsafe().config
    const { dial } = upstreams.find(({ name, onDemand }) => target._tag === "Upstream" && name === target.name && !onDemand)
      ?? template
    const giveUpUs = engine.nowUs() + dial.deadlineMs * 1000
    let socket = yield* attempt
    while (socket === undefined) {
      if (hasStopped() || engine.nowUs() >= giveUpUs) return yield* failed("busy", [])
      yield* Effect.sleep(LOOK_AGAIN_MS)
      socket = yield* attempt
    }
    return socket
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => received?.destroy())))
}

/** The same with a socket that the scope closes: after its written bytes have left, or at once where the scope fails. */
export const connectingIn = <E>(connect: Effect.Effect<net.Socket, E>): Effect.Effect<net.Socket, E, Scope.Scope> =>
  Effect.acquireRelease(
    connect,
    (socket, exit) => Effect.sync(() => Exit.isSuccess(exit) ? socket.destroySoon() : socket.destroy()),
    // A time limit has to be able to end every wait on the network.
    { interruptible: true }
  )

function triedIn(state: State, { candidate, host, outcome, tookUs }: Attempt) {
  return { candidate: host ?? Candidates.labelOf(state, candidate), outcome, tookMs: Math.round(tookUs / 1000) }
}
