/** The socket adapter alone: a port whose clients are relayed to one upstream, without engine or acceptor. */
import * as Effect from "effect/Effect"
import type { NodeClient } from "../../src/adapters/node/NodeClient.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { NodeUpstream } from "../../src/adapters/node/NodeUpstream.ts"
import type { Session } from "../../src/core/model/Config.ts"
import type { DialFailure } from "../../src/core/model/Event.ts"
import type { Cancel, RelayEnd } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import type { Server } from "./servers.ts"
import { serve } from "./servers.ts"
import { untold } from "./silence.ts"

export interface Relayed {
  readonly client: NodeClient
  readonly upstream: NodeUpstream
  readonly cancel: Cancel
}

export interface Relaying {
  readonly port: number
  /** The pairs that were joined, and how the ended sessions ended. */
  readonly relayed: ReadonlyArray<Relayed>
  readonly ends: ReadonlyArray<RelayEnd>
  readonly failures: ReadonlyArray<DialFailure>
}

export const noLimits: Session = { idleMs: 3_600_000, halfCloseMs: 3_600_000, keepAliveMs: 15_000, stallMs: 60_000 }

/** Stops listening with its scope and resets the open sessions. */
export const relaying = (
  upstreamPort: number,
  limits: Partial<Session> = {},
  beforeDial: Promise<unknown> = Promise.resolve()
) =>
  Effect.gen(function* () {
    const transport = yield* Transport
    const session = { ...noLimits, ...limits }
    const relayed: Array<Relayed> = []
    const ends: Array<RelayEnd> = []
    const failures: Array<DialFailure> = []
    yield* Effect.addFinalizer(() => Effect.sync(() => relayed.forEach(({ cancel }) => cancel())))
    const { address } = yield* transport.listen("relay", { host: "127.0.0.1", port: 0 }, (client) => {
      void beforeDial.then(() =>
        transport.dialUnsafe({ host: "127.0.0.1", port: upstreamPort }, session.keepAliveMs, (upstream) => {
          if (typeof upstream === "string") {
            failures.push(upstream)
            return client.resetUnsafe()
          }
          const cancel = transport.relayUnsafe(client, upstream, session, untold, (end) => ends.push(end))
          relayed.push({ client: client as NodeClient, upstream: upstream as NodeUpstream, cancel })
        })
      )
    })
    const relay: Relaying = { port: address.port, relayed, ends, failures }
    return relay
  }).pipe(Effect.provide(NodeTransport.layer))

/** A server that stops with its scope. */
export const serving = (...args: Parameters<typeof serve>): Effect.Effect<Server, never, import("effect/Scope").Scope> =>
  Effect.acquireRelease(Effect.promise(() => serve(...args)), (server) => Effect.promise(() => server.stop()))
