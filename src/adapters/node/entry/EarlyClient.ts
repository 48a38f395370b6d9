/** A client of protocol tcp behind a peer that named its address: it has no answers to wait for, and may end its side at any time. */
import type { Ends } from "../NodeClient.ts"
import { NodeClient } from "../NodeClient.ts"
import type { Connection } from "./Connection.ts"

export class EarlyClient extends NodeClient {
  override readonly addressUnsafe: () => string
  override readonly ends: () => Ends

  constructor({ socket, address, ends }: Connection) {
    super(socket)
    this.addressUnsafe = address
    this.ends = ends
  }
}
