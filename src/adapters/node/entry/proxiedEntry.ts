/**
 * Clients of a listener behind proxies, which name the client in a header. The header is required of peers in `trusted`; every other
 * peer is refused, whatever it sends. What comes behind the header is the client's own.
 */
import { proxyHeader } from "../../../ingress/proxyHeader.ts"
import type { Cancel } from "../../../plane/ports/Transport.ts"
import type { Connection } from "./Connection.ts"
import { turnedAwayFor } from "./Connection.ts"
import { isIn } from "./inForce.ts"
import { reading } from "./reading.ts"

/** Calls back with the connection as it would be without the peer. */
export function readHeader(connection: Connection, next: (connection: Connection) => void): Cancel {
  const { socket, entry, left, ends } = connection
  const turnAway = (why: "denied" | "malformed") => {
    left(why)
    socket.resetAndDestroy()
  }
  if (!isIn(entry.trusted, connection.address())) {
    turnAway("denied")
    return () => {}
  }
  return reading(socket, proxyHeader({ maxBytes: entry.maxBytes }), (result) => {
    if (result === undefined) {
      left()
      socket.destroy()
      return
    }
    if (result._tag === "Refusal") return turnAway(turnedAwayFor(result.reason) === "denied" ? "denied" : "malformed")
    const { source = ends().source, destination = ends().destination } = result
    const address = () => source.host
    if (entry.clients.length > 0 && !isIn(entry.clients, source.host)) return turnAway("denied")
    if (result.early.length > 0) socket.unshift(result.early)
    next({ ...connection, address, ends: () => ({ source, destination }) })
  })
}
