/** What the first line of a request to a proxy asks for (RFC 9112, 3.2.2). */
import type { Wish } from "./wishes.ts"
import { wishOf } from "./wishes.ts"

export interface RequestTarget {
  readonly wish: Wish
  /** As the request has it, for `Host`. */
  readonly authority: string
  /** Path and query, as the request has them. */
  readonly path: string
}

const HTTP_PORT = 80

/** undefined: it is no URL that can be asked for: another scheme, a user in it, or a host that is none. */
export function requestTarget(method: string, url: string): RequestTarget | undefined {
  const [, authority = "", rest = ""] = /^http:\/\/([^/?#]+)([/?][^#]*)?$/i.exec(url) ?? []
  const wish = wishOf(authority, HTTP_PORT)
  if (wish === undefined) return undefined
  const root = method === "OPTIONS" ? "*" : "/"
  return { wish, authority, path: rest === "" ? root : rest.startsWith("?") ? `/${rest}` : rest }
}
