/** The socket adapter alone, without acceptor, engine and record: the rest of the cost is theirs. */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import process from "node:process"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { upstreamDefaults } from "../../test/support/config.ts"
import { untold } from "../../test/support/silence.ts"
import { answer, usage } from "../support/child.ts"

const upstream = { host: "127.0.0.1", port: Number(process.argv[2]) }

const listening = Effect.runPromise(
  Effect.gen(function* () {
    const transport = yield* Transport
    const { address } = yield* transport.listen("relay", { host: "127.0.0.1", port: 0 }, (client) => {
      transport.dialUnsafe(upstream, upstreamDefaults.session.keepAliveMs, (dialled) => {
        if (typeof dialled === "string") return client.resetUnsafe()
        transport.relayUnsafe(client, dialled, upstreamDefaults.session, untold, () => {})
      })
    })
    return address.port
  }).pipe(Effect.provide(NodeTransport.layer), Scope.provide(Scope.makeUnsafe()))
)

answer((question) => (question === "port" ? listening : usage()))
