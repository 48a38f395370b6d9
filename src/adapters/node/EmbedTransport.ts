/**
 * The transport for programs that embed Fairlead. It dials candidates as ordinary sockets, so that the program can have the
 * socket itself.
 */
import * as Layer from "effect/Layer"
import type { Address } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, UpstreamSocket } from "../../plane/ports/Transport.ts"
import { Transport } from "../../plane/ports/Transport.ts"
import { connecting } from "./dial.ts"
import { lend } from "./lend.ts"
import type { NodeClient } from "./NodeClient.ts"
import { common } from "./NodeTransport.ts"
import { PlainSocket } from "./PlainSocket.ts"
import { PlainUpstream } from "./PlainUpstream.ts"
import { ProgramClient } from "./ProgramClient.ts"
import type { Version } from "./proxyHeaders.ts"
import { ownHeader } from "./proxyHeaders.ts"
import { relay } from "./relay.ts"

function dial(
  address: Address & { readonly header?: Version },
  keepAliveMs: number,
  answer: (result: UpstreamSocket | DialFailure) => void
): Cancel {
  const upstream = new PlainUpstream(keepAliveMs)
  const { header } = address
  const connected = header === undefined ? answer : (result: UpstreamSocket | DialFailure) => {
    if (typeof result !== "string") upstream.socket.write(ownHeader(header))
    answer(result)
  }
  return connecting(upstream, connected, () => {
    const socket = new PlainSocket({ allowHalfOpen: true })
    socket.setNoDelay(true)
    return socket.connect({ host: address.host, port: address.port, autoSelectFamily: false })
  })
}

export const layer: Layer.Layer<Transport> = Layer.succeed(
  Transport,
  Transport.of({
    ...common,
    dialUnsafe: dial,
    relayUnsafe: (client, upstream, limits, silence, end) =>
      client instanceof ProgramClient
        ? lend(client, upstream as PlainUpstream, limits, silence, end)
        : relay(client as NodeClient, upstream as PlainUpstream, limits, silence, end)
  })
)
