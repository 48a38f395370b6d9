/** A client's socket before and while it is relayed. */
import type * as net from "node:net"
import type { ClientSocket } from "../../plane/ports/Transport.ts"

/** A client by IPv4 of a socket that listens for both families is the same as by one for IPv4 alone. */
const MAPPED = /^::ffff:(?=[0-9.]+$)/

export class NodeClient implements ClientSocket {
  readonly socket: net.Socket

  constructor(socket: net.Socket) {
    this.socket = socket
    // A client that resets while its upstream is still being dialled must not bring the process down.
    socket.on("error", ignore)
  }

  readonly addressUnsafe = (): string => (this.socket.remoteAddress ?? "").replace(MAPPED, "")

  readonly resetUnsafe = (): void => {
    if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }
}

function ignore(): void {}
