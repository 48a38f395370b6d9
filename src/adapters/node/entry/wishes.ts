/** What a request to a proxy port asks for, and whether it may. */
import { allows } from "../../../ingress/allowed.ts"
import { canonicalHost } from "../../../ingress/canonicalHost.ts"
import type { Connection } from "./Connection.ts"
import type { Answer } from "./httpAnswers.ts"
import { BAD_TARGET, FAILURES, UNAUTHENTICATED } from "./httpAnswers.ts"
import { basicCredentials, checkOf } from "./credentials.ts"
import { inForce } from "./inForce.ts"

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

/** Why a request is not served; undefined: it may be. `authorization` is the value of its `Proxy-Authorization`. */
export function refusalOf(
  connection: Connection,
  authorization: string | undefined,
  wish: Wish | undefined
): Answer | undefined {
  const entry = inForce(connection)
  if (entry === undefined) return FAILURES.notAllowed
  const check = checkOf(entry)
  if (check !== undefined) {
    const shown = basicCredentials(authorization)
    if (shown === undefined || !check(shown)) return UNAUTHENTICATED
  }
  if (wish === undefined) return BAD_TARGET
  return allows(entry.allow, wish.host, wish.port) ? undefined : FAILURES.notAllowed
}
