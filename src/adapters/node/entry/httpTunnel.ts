/** Clients that ask an HTTP proxy for a tunnel (CONNECT). */
import { hostTarget } from "../../../plane/Target.ts"
import type { Connection } from "./Connection.ts"
import type { Answer } from "./httpAnswers.ts"
import { BAD_TARGET, closingAnswer, FAILURES, proxyStatus } from "./httpAnswers.ts"
import { lastWords } from "./lastWords.ts"
import { TunnelClient } from "./TunnelClient.ts"
import { refusalOf, wishOf } from "./wishes.ts"

/** What a request for a tunnel says. */
export interface TunnelRequest {
  readonly authority: string
  /** The value of `Proxy-Authorization`. */
  readonly credentials: string | undefined
  /** What came behind the head. */
  readonly early: Uint8Array
}

/** Serves a socket from which the head of the request was read. */
export function serveTunnel(connection: Connection, { authority, credentials, early }: TunnelRequest): void {
  const { door, left } = connection
  const wish = wishOf(authority, 0)
  const refusal = refusalOf(connection, credentials, wish)
  if (refusal !== undefined || wish === undefined) return turnAway(connection, refusal ?? BAD_TARGET)
  const client = new TunnelClient(connection, early, {
    success: (by) => `HTTP/1.1 200 Connection established\r\nProxy-Status: ${proxyStatus({ by })}\r\n\r\n`,
    failure: (reason) => closingAnswer(FAILURES[reason])
  }, () => leave())
  const leave = door.enterUnsafe(client, hostTarget(wish.host, wish.port), () => left())
}

export function turnAway({ socket, left }: Connection, answer: Answer): void {
  left(answer.status === 403 || answer.status === 407 ? "denied" : "malformed")
  lastWords(socket, closingAnswer(answer))
}
