/** SOCKS clients of a proxy port. */
import { allows } from "../../../ingress/allowed.ts"
import type { Refusal, Target } from "../../../ingress/Handshake.ts"
import { socks4 } from "../../../ingress/socks4.ts"
import { socks5 } from "../../../ingress/socks5.ts"
import { hostTarget } from "../../../plane/Target.ts"
import type { Cancel } from "../../../plane/ports/Transport.ts"
import type { Connection } from "./Connection.ts"
import { turnedAwayFor } from "./Connection.ts"
import { checkOf } from "./credentials.ts"
import { inForce } from "./inForce.ts"
import { lastWords } from "./lastWords.ts"
import { reading } from "./reading.ts"
import { TunnelClient } from "./TunnelClient.ts"

/** Serves a socket of which nothing was read. */
export function serveSocks(connection: Connection, version: "socks4" | "socks5"): Cancel {
  const { socket, entry, left } = connection
  const authenticate = checkOf(entry)
  const options = { maxBytes: entry.maxBytes, ...(authenticate === undefined ? {} : { authenticate }) }
  const done = (result: Target | Refusal | undefined) => {
    if (result === undefined) {
      left()
      return socket.destroy() as never
    }
    if (result._tag === "Refusal") return turnAway(connection, result)
    tunnel(connection, result)
  }
  return version === "socks5" ? reading(socket, socks5(options), done) : reading(socket, socks4(options), done)
}

function tunnel(connection: Connection, { host, port, reply, early, answers }: Target): void {
  const { socket, door, left } = connection
  if (reply.length > 0) socket.write(reply)
  if (!allows(inForce(connection)?.allow ?? [], host, port)) {
    left("denied")
    return lastWords(socket, answers.failure("notAllowed"))
  }
  const told = { success: () => answers.success(), failure: answers.failure }
  const client = new TunnelClient(connection, early, told, () => leave())
  const leave = door.enterUnsafe(client, hostTarget(host, port), () => left())
}

function turnAway({ socket, left }: Connection, { reason, reply }: Refusal): void {
  left(turnedAwayFor(reason))
  lastWords(socket, reply)
}
