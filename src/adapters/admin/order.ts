/** Sends an order to the admin port of a running service, from another process. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { endpointText } from "../../core/endpointText.ts"
import type { AdminPort } from "./call.ts"
import { call } from "./call.ts"
import { localEndpoint } from "./localEndpoint.ts"

export class OrderError extends Data.TaggedError("OrderError")<{ readonly message: string }> {}

/** The body of the answer. Fails with what was tried, what happened, and what to do. */
export const order = Effect.fnUntraced(function* (adminPort: AdminPort, path: string) {
  const { status, body } = yield* Effect.mapError(
    call(adminPort, "POST", path),
    ({ message }) => new OrderError({ message: `${message}: is it running, with this file?` })
  )
  if (status < 300) return body
  const at = endpointText(localEndpoint(adminPort.listen))
  return yield* new OrderError({ message: `the service on ${at} refused (${status}): ${body}` })
})
