/** Sends an order to the admin port of a running service, from another process. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Address } from "../../core/model/Config.ts"

/** A service that takes longer counts as one that does not answer. */
const TIMEOUT_MS = 10_000

export class OrderError extends Data.TaggedError("OrderError")<{ readonly message: string }> {}

export interface AdminPort {
  readonly listen: Address
  /** The token that the service requires; undefined: none. */
  readonly token: string | undefined
}

/** The body of the answer. Fails with what was tried, what happened, and what to do. */
export const order = Effect.fnUntraced(function* (adminPort: AdminPort, path: string) {
  const { listen: { host, port }, token } = adminPort
  // The service listens on all of its addresses, and this machine's loopback is one of them.
  const at = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const { status, body } = yield* Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(`http://${at}:${port}${path}`, {
        method: "POST",
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
      })
      return { status: response.status, body: (await response.text()).trim() }
    },
    catch: () =>
      new OrderError({ message: `no service answers on the admin port ${at}:${port}: is it running, with this file?` })
  })
  if (status >= 300) return yield* new OrderError({ message: `the service on ${at}:${port} refused (${status}): ${body}` })
  return body
})
