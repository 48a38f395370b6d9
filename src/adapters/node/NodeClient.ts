/** A client's socket before and while it is relayed. */
import type * as net from "node:net"
import type { ClientSocket } from "../../shell/Transport.ts"

export class NodeClient implements ClientSocket {
  readonly socket: net.Socket

  constructor(socket: net.Socket) {
    this.socket = socket
    // A client that resets while its upstream is still being dialled must not bring the process down.
    socket.on("error", ignore)
  }

  readonly addressUnsafe = (): string => this.socket.remoteAddress ?? ""

  readonly resetUnsafe = (): void => {
    if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }
}

function ignore(): void {}
