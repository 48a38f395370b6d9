/** Has a client name its target: by the first bytes it is known which protocol it speaks. */
import { protocolOf } from "../../../ingress/protocolOf.ts"
import type { Door, Entry, TurnedAway } from "../../../plane/Entry.ts"
import type { Cancel, ClientSocket } from "../../../plane/ports/Transport.ts"
import type { NodeClient } from "../NodeClient.ts"
import { serveHttp } from "./httpEntry.ts"
import { serveSocks } from "./socksEntry.ts"
import type { WayIn } from "./WayIn.ts"

export function greet(client: ClientSocket, given: Entry, door: Door): Cancel {
  const entry = given as WayIn
  const { socket, addressUnsafe: address } = client as NodeClient
  let isOver = false
  const left = (turnedAway?: TurnedAway) => {
    if (isOver) return
    isOver = true
    forget()
    door.leftUnsafe(turnedAway)
  }
  const forget = () => {
    socket.off("readable", look)
    socket.off("end", gone)
    socket.off("close", gone)
  }
  const gone = () => {
    left()
    socket.destroy()
  }
  const look = () => {
    const first: Uint8Array | null = socket.read()
    const protocol = first === null ? undefined : protocolOf(first)
    if (first === null || protocol === undefined) return
    forget()
    socket.unshift(first)
    const connection = { socket, address, entry, door, left }
    if (protocol === "http") return serveHttp(connection)
    if (protocol === "socks4" || protocol === "socks5") {
      stop = serveSocks(connection, protocol)
      return
    }
    left("malformed")
    socket.resetAndDestroy()
  }
  socket.on("readable", look)
  socket.on("end", gone)
  socket.on("close", gone)
  let stop: Cancel = forget
  return () => {
    isOver = true
    stop()
  }
}
