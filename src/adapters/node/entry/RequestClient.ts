/**
 * One HTTP request as a client of the data plane. Its side of the connection is an end within this process, and the request writes
 * to its other end at once: the head is on its way as soon as the upstream is connected.
 */
import type * as net from "node:net"
import type { Attempt } from "../../../core/model/Event.ts"
import type { FailureReason } from "../../../ingress/Handshake.ts"
import type { Ends } from "../NodeClient.ts"
import { NodeClient } from "../NodeClient.ts"
import type { Connection } from "./Connection.ts"
import { failureOf } from "./failureOf.ts"
import { LocalSocket } from "./LocalSocket.ts"

export class RequestClient extends NodeClient {
  /** What the request writes to. */
  readonly far: LocalSocket
  override readonly addressUnsafe: () => string
  override readonly ends: () => Ends
  /** The id of the candidate that serves it. */
  servedBy: string | undefined
  /** Why it is not served. */
  failure: FailureReason | undefined

  constructor({ address, ends }: Connection) {
    const [near, far] = LocalSocket.pair()
    super(near as unknown as net.Socket)
    this.far = far
    this.addressUnsafe = address
    this.ends = ends
  }

  readonly servedUnsafe = (by: string): void => {
    this.servedBy = by
  }

  override readonly resetUnsafe = (tried?: ReadonlyArray<Attempt>): void => {
    if (this.servedBy === undefined) this.failure ??= failureOf(tried)
    if (!this.socket.destroyed) this.socket.resetAndDestroy()
  }
}
