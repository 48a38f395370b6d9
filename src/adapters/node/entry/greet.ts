/** Has a client name its target, by what its listener expects: a PROXY header first, then the handshake of one of its protocols. */
import { connectHead } from "../../../ingress/connectHead.ts"
import { protocolOf } from "../../../ingress/protocolOf.ts"
import type { Entry, TurnedAway } from "../../../plane/Entry.ts"
import type { Cancel, ClientSocket, Door } from "../../../plane/ports/Transport.ts"
import type { NodeClient } from "../NodeClient.ts"
import type { Connection } from "./Connection.ts"
import { EarlyClient } from "./EarlyClient.ts"
import { serveHttp } from "./httpEntry.ts"
import { serveTunnel } from "./httpTunnel.ts"
import { readHeader } from "./proxiedEntry.ts"
import { serveSni } from "./sniEntry.ts"
import { serveSocks } from "./socksEntry.ts"
import type { WayIn } from "./WayIn.ts"

/** The cancel stops reading and leaves the socket as it is. */
export function greet(client: ClientSocket, given: Entry, door: Door): Cancel {
  const entry = given as WayIn
  const { socket, addressUnsafe: address, ends } = client as NodeClient
  let isOver = false
  let stop: Cancel = () => {}
  const left = (turnedAway?: TurnedAway) => {
    if (isOver) return
    isOver = true
    door.leftUnsafe(turnedAway)
  }
  const begin = (connection: Connection) => {
    stop = entry.protocol === "tcp"
      ? serveTcp(connection)
      : entry.protocol === "sni"
      ? serveSni(connection)
      : tell(connection, (cancel) => void (stop = cancel))
  }
  const connection = { socket, address, peer: address, ends, entry, door, left }
  if (!entry.hasHeader) begin(connection)
  else stop = readHeader(connection, begin)
  return () => {
    isOver = true
    stop()
  }
}

function serveTcp(connection: Connection): Cancel {
  const { socket, entry: { target }, door, left } = connection
  if (target === undefined) {
    left()
    socket.destroy()
  } else door.enterUnsafe(new EarlyClient(connection), target, () => left())
  return () => {}
}

/** Tells protocols apart by the first bytes. */
function tell(connection: Connection, then: (stop: Cancel) => void): Cancel {
  const { socket, entry, left } = connection
  const stop = () => {
    socket.off("readable", look)
    socket.off("end", gone)
    socket.off("close", gone)
  }
  const gone = () => {
    stop()
    left()
    socket.destroy()
  }
  const look = () => {
    const first: Uint8Array | null = socket.read()
    const protocol = first === null ? undefined : protocolOf(first)
    if (first === null || protocol === undefined) return
    stop()
    const head = protocol === "http" ? connectHead(first, entry.maxBytes) : undefined
    if (head !== undefined) return serveTunnel(connection, head)
    socket.unshift(first)
    if (protocol === "http") return serveHttp(connection)
    if (protocol === "socks4" || protocol === "socks5") return then(serveSocks(connection, protocol))
    left("malformed")
    socket.resetAndDestroy()
  }
  socket.on("readable", look)
  socket.on("end", gone)
  socket.on("close", gone)
  return stop
}
