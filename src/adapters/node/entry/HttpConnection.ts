/** One connection of an HTTP client of a proxy port: what its requests have in common. */
import type { IncomingMessage } from "node:http"
import type * as net from "node:net"
import { allows } from "../../../ingress/allowed.ts"
import { canonicalHost } from "../../../ingress/canonicalHost.ts"
import type { Door, TurnedAway } from "../../../plane/Entry.ts"
import type { Answer } from "./httpAnswers.ts"
import { BAD_TARGET, FAILURES, UNAUTHENTICATED } from "./httpAnswers.ts"
import { basicCredentials, checkOf } from "./credentials.ts"
import type { WayIn } from "./WayIn.ts"

export interface HttpConnection {
  readonly socket: net.Socket
  /** The address of the client. */
  readonly address: () => string
  readonly entry: WayIn
  readonly door: Door
  /** Ends the connection for the door, once. */
  readonly left: (turnedAway?: TurnedAway) => void
}

export interface Wish {
  readonly host: string
  readonly port: number
}

/** A host and port as a request names them; undefined: they name nothing that could be reached. */
export function wishOf(authority: string, defaultPort: number): Wish | undefined {
  const [, hostText = "", portText] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/.exec(authority) ?? []
  const host = canonicalHost(hostText)
  const port = portText === undefined ? defaultPort : Number(portText)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

/** Why a request is not served; undefined: it may be. */
export function refusalOf({ entry }: HttpConnection, request: IncomingMessage, wish: Wish | undefined): Answer | undefined {
  const check = checkOf(entry)
  if (check !== undefined) {
    const shown = basicCredentials(request.headers["proxy-authorization"])
    if (shown === undefined || !check(shown)) return UNAUTHENTICATED
  }
  if (wish === undefined) return BAD_TARGET
  return allows(entry.allow, wish.host, wish.port) ? undefined : FAILURES.notAllowed
}
