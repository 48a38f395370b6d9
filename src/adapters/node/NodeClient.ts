/** The socket of a client, before and while it is relayed. */
import type { Buffer } from "node:buffer"
import type * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import type { ClientSocket } from "../../plane/ports/Transport.ts"

/** Both ends of a client's connection. */
export interface Ends {
  readonly source: Address
  readonly destination: Address
}

/** A socket that listens for both families shows an IPv4 client as an IPv6 address. It is the same client. */
const MAPPED = /^::ffff:(?=[0-9.]+$)/

export class NodeClient implements ClientSocket {
  readonly socket: net.Socket

  constructor(socket: net.Socket) {
    this.socket = socket
    // A client may reset while its upstream is being dialled. That must not end the process.
    socket.on("error", ignore)
  }

  readonly ends = (): Ends => {
    const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = this.socket
    return {
      source: { host: remoteAddress.replace(MAPPED, ""), port: remotePort },
      destination: { host: localAddress.replace(MAPPED, ""), port: localPort }
    }
  }

  /** Bytes that were read before the relay, and belong to the upstream. */
  takeEarly(): Buffer | undefined {
    return undefined
  }

  readonly addressUnsafe = (): string => (this.socket.remoteAddress ?? "").replace(MAPPED, "")

  readonly resetUnsafe: ClientSocket["resetUnsafe"] = (): void => {
    if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }
}

function ignore(): void {}
