/**
 * Clients that are routed by the server name of their ClientHello. Its bytes go on untouched. A client that names no server, an unknown
 * one, or does not speak TLS goes to the upstream that the listener has for that case, or is refused with an alert of TLS.
 */
import { Buffer } from "node:buffer"
import { allows } from "../../../ingress/allowed.ts"
import { clientHello } from "../../../ingress/clientHello.ts"
import type { FailureReason, Hello, Refusal } from "../../../ingress/Handshake.ts"
import { ALERT, alert } from "../../../ingress/tlsAlert.ts"
import type { Target } from "../../../plane/Target.ts"
import { hostTarget, upstreamTarget } from "../../../plane/Target.ts"
import type { Cancel } from "../../../plane/ports/Transport.ts"
import type { Connection } from "./Connection.ts"
import { turnedAwayFor } from "./Connection.ts"
import { inForce } from "./inForce.ts"
import { lastWords } from "./lastWords.ts"
import { reading } from "./reading.ts"
import { TunnelClient } from "./TunnelClient.ts"

const NOTHING = new Uint8Array(0)

const answers = {
  success: () => NOTHING,
  failure: (reason: FailureReason) => alert(reason === "notAllowed" ? ALERT.accessDenied : ALERT.internalError)
}

export function serveSni(connection: Connection): Cancel {
  const { socket, entry, left } = connection
  const { initial, feed } = clientHello({ maxBytes: entry.maxBytes })
  /** All that came: of bytes that are no ClientHello the parser keeps nothing. */
  const seen: Array<Uint8Array> = []
  const keeping = {
    initial,
    feed: (state: typeof initial, bytes: Uint8Array) => {
      seen.push(bytes)
      return feed(state, bytes)
    }
  }
  return reading(socket, keeping, (result) => {
    if (result === undefined) {
      left()
      socket.destroy()
      return
    }
    const target = targetOf(connection, result)
    if (target instanceof Uint8Array) {
      left(result._tag === "Refusal" ? turnedAwayFor(result.reason) : "denied")
      return lastWords(socket, target)
    }
    const client = new TunnelClient(connection, Buffer.concat(seen), answers, () => leave())
    const leave = connection.door.enterUnsafe(client, target, () => left())
  })
}

/** Where the client goes, or what it is told. */
function targetOf(connection: Connection, result: Hello | Refusal): Target | Uint8Array {
  const rules = inForce(connection)
  if (rules === undefined) return alert(ALERT.accessDenied)
  const { allow, names } = rules
  const instead = (upstream: string, refusal: Uint8Array) => upstream === "" ? refusal : upstreamTarget(upstream)
  if (result._tag === "Refusal") {
    return result.reason === "wrongProtocol" ? instead(names.notTls, result.reply) : result.reply
  }
  const { name, encrypted } = result
  if (encrypted && names.encrypted === "refuse") return alert(ALERT.accessDenied)
  if (name === undefined) return instead(names.unnamed, alert(ALERT.unrecognizedName))
  const upstream = names.upstreams.get(name)
  if (allows(allow, name, names.port)) {
    if (upstream !== undefined) return upstreamTarget(upstream)
    if (names.onDemand) return hostTarget(name, names.port)
  }
  return instead(names.unknown, alert(ALERT.unrecognizedName))
}
