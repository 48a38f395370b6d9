/** The transport over `node:net`, on Node and on Deno. Deno's own sockets are no faster, and its `node:net` is complete. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import { BindError } from "../../plane/ports/errors.ts"
import type { ClientSocket } from "../../plane/ports/Transport.ts"
import { Transport } from "../../plane/ports/Transport.ts"
import { nowUs } from "./clock.ts"
import { timerWheel } from "./timerWheel.ts"
import { descriptorLimit, hasDescriptors, opened } from "./descriptors.ts"
import { dial } from "./dial.ts"
import { greet } from "./entry/greet.ts"
import { identify } from "./identify.ts"
import { begin, keepAccepting, pausing, takenAtOnce } from "./listening.ts"
import { NodeClient } from "./NodeClient.ts"
import { NodeUpstream } from "./NodeUpstream.ts"
import { ownAddresses } from "./ownAddresses.ts"
import { relay } from "./relay.ts"

const listen = (name: string, address: Address, onClient: (client: ClientSocket) => void) =>
  Effect.acquireRelease(
    Effect.callback<net.Server, BindError>((resume) => {
      const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
        opened()
        onClient(new NodeClient(socket))
      })
      const failed = (error: NodeJS.ErrnoException) => {
        resume(Effect.fail(new BindError({ listener: name, ...address, code: error.code ?? error.message })))
      }
      server.once("error", failed)
      begin(server, address, () => {
        server.off("error", failed)
        // An accept that fails concerns one connection. The server goes on.
        server.on("error", () => {})
        keepAccepting(server)
        resume(Effect.succeed(server))
      })
    }),
    stop
  ).pipe(Effect.map((server) => {
    const bound = server.address() as net.AddressInfo
    const { pause, resume } = pausing(server)
    return {
      address: { host: bound.address, port: bound.port },
      stop: stop(server),
      pauseUnsafe: pause,
      resumeUnsafe: () => {
        if (server.listening) resume()
      }
    }
  }))

/** `close` alone would wait for connections. Accepting stops before its callback. */
function stop(server: net.Server): Effect.Effect<void> {
  return Effect.sync(() => {
    if (server.listening) server.close()
  })
}

/** What does not depend on the kind of the sockets to candidates. */
export const common = {
  listen,
  timerUnsafe(delayMs: number, fire: () => void) {
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  },
  identifyUnsafe: identify,
  greetUnsafe: greet,
  ownAddressesUnsafe: ownAddresses,
  descriptorLimitUnsafe: descriptorLimit,
  hasDescriptorsUnsafe: (count: number) => hasDescriptors(count + takenAtOnce()),
  wheelTimerUnsafe: timerWheel,
  // Immediates run before the next look at sockets, so the second one lets arrived bytes go first. A client's first bytes are
  // forwarded before the core learns of the client, which saves the client a millisecond.
  soonUnsafe: (run: () => void) => void setImmediate(() => setImmediate(run)),
  nowUs
}

export const layer: Layer.Layer<Transport> = Layer.succeed(
  Transport,
  Transport.of({
    ...common,
    dialUnsafe: dial,
    relayUnsafe: (client, upstream, limits, silence, end) =>
      relay(client as NodeClient, upstream as NodeUpstream, limits, silence, end)
  })
)
