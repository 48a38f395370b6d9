/** A connection for the program. It is a client like all others, and gets the socket itself. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type * as net from "node:net"
import { ProgramClient } from "../../adapters/node/ProgramClient.ts"
import { labelOf } from "../../core/candidates.ts"
import type { Attempt } from "../../core/model/Event.ts"
import type { Acceptor } from "../../plane/Acceptor.ts"
import { Avoid } from "../../plane/Avoid.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { Connections } from "./Connections.ts"
import { ConnectError } from "./errors.ts"
import { triedIn } from "./ServedBy.ts"
import type { Target } from "../../plane/Target.ts"

export interface Ports {
  readonly engine: Engine["Service"]
  readonly acceptor: Acceptor["Service"]
  readonly connections: Connections
  readonly hasStopped: () => boolean
}

/** Time in ms between two looks at a full mailbox, which gives no notice when it has room. */
const LOOK_AGAIN_MS = 1

/** An interruption stops its dials, and closes a socket that came at the same moment. `avoid`: labels and addresses. */
export const connecting = (
  ports: Ports,
  target: Target,
  name: string,
  avoid: ReadonlyArray<string> | Avoid
): Effect.Effect<net.Socket, ConnectError> => {
  const { engine, acceptor, connections, hasStopped } = ports
  const failed = (reason: ConnectError["reason"], tried: ReadonlyArray<Attempt>) =>
    new ConnectError({
      upstream: name,
      reason: hasStopped() ? "stopped" : reason,
      tried: tried.map((one) => triedIn(engine.stateUnsafe(), one))
    })
  const avoided = avoid instanceof Avoid ? avoid : avoid.length === 0 ? undefined : avoiding(engine, avoid)
  let received: net.Socket | undefined
  const attempt = Effect.callback<net.Socket | undefined, ConnectError>((resume) => {
    const client = new ProgramClient({
      received: (lent) => {
        received = lent.socket
        connections.add(name, lent)
        resume(Effect.succeed(lent.socket))
      },
      refused: (tried) => resume(tried === undefined ? Effect.succeed(undefined) : Effect.fail(failed("unreachable", tried)))
    })
    const cancel = hasStopped() ? undefined : acceptor.inside.enterUnsafe(client, target, avoided)
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
export const connectingIn = <S extends net.Socket, E>(connect: Effect.Effect<S, E>): Effect.Effect<S, E, Scope.Scope> =>
  Effect.acquireRelease(
    connect,
    (socket, exit) => Effect.sync(() => Exit.isSuccess(exit) ? socket.destroySoon() : socket.destroy()),
    // A time limit has to be able to end every wait on the network.
    { interruptible: true }
  )

function avoiding(engine: Engine["Service"], named: ReadonlyArray<string>): Avoid {
  const names = new Set(named)
  return new Avoid((candidate, host) =>
    names.has(host) || (candidate !== "system" && names.has(labelOf(engine.stateUnsafe(), candidate)))
  )
}
