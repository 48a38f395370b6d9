/** Which candidate served a response. */
import type { Served } from "./Connector.ts"
import { connectionOf } from "./Connection.ts"

const responses = new WeakMap<object, Served>()

/** Remembers it for an object that has no way to it of its own. */
export function remember(response: object, served: Served | undefined): void {
  if (served !== undefined) responses.set(response, served)
}

/**
 * What served it; undefined: Fairlead did not make the connection, or has nothing to tell yet.
 *
 * - A response of the `fetch` that `fetchOf` gives.
 * - A response of undici's `request`, `stream` and the like: its `context.fairlead` says the same.
 * - A response of Effect's `HttpClient`, if its layer is `httpClient`.
 * - An `http.IncomingMessage` or an `http.ClientRequest`.
 * - A socket of an agent.
 */
export function servedBy(response: object): Served | undefined {
  const { context, socket, source } = response as { context?: unknown; socket?: unknown; source?: unknown }
  if (isObject(source)) return servedBy(source)
  return responses.get(response) ?? connectionOf(response)?.served
    ?? (isObject(socket) ? connectionOf(socket)?.served : undefined)
    ?? (isObject(context) ? (context as { readonly fairlead?: Served }).fairlead : undefined)
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}
