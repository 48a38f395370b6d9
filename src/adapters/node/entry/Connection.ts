/** One accepted connection, before its client has named a target. */
import type * as net from "node:net"
import type { RefusalReason } from "../../../ingress/Handshake.ts"
import type { TurnedAway } from "../../../plane/Entry.ts"
import type { Door } from "../../../plane/ports/Transport.ts"
import type { Ends } from "../NodeClient.ts"
import type { WayIn } from "./WayIn.ts"

export interface Connection {
  readonly socket: net.Socket
  /** The address of the client. */
  readonly address: () => string
  /** Where the client's connection comes from and went to. */
  readonly ends: () => Ends
  /** The address of the other end of the socket: the client itself, or a proxy before it. */
  readonly peer: () => string
  /** What its listener demanded when the connection was accepted. What a client may ask for is judged by `inForce`. */
  readonly entry: WayIn
  readonly door: Door
  /** Ends the connection for the door; calls after the first one do nothing. */
  readonly left: (turnedAway?: TurnedAway) => void
}

export function turnedAwayFor(reason: RefusalReason): TurnedAway {
  return reason === "notAuthenticated" ? "denied" : "malformed"
}
