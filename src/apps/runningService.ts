/** What a running service says of itself on its admin port. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AdminPort } from "../adapters/admin/call.ts"
import { call } from "../adapters/admin/call.ts"
import { localEndpoint } from "../adapters/admin/localEndpoint.ts"
import { endpointText } from "../core/endpointText.ts"
import { ListenAddress } from "../core/schema/units.ts"

const Listeners = Schema.fromJsonString(Schema.Struct({
  listeners: Schema.Array(Schema.Struct({
    name: Schema.String,
    protocol: Schema.String,
    listen: ListenAddress,
    /** Whether a client has to show a name and a password. */
    asksUser: Schema.optionalKey(Schema.Boolean)
  }))
}))
const decode = Schema.decodeUnknownResult(Listeners)

export type RunningListener = (typeof Listeners.Type)["listeners"][number]

/** Something else answers there, or the service refuses. */
export class Unusable extends Data.TaggedError("Unusable")<{ readonly message: string }> {}

/** The listeners of the service with this admin port. */
export const listenersOf = Effect.fnUntraced(function* (port: AdminPort) {
  const { status, body } = yield* call(port, "GET", "/status?candidates=0")
  const at = endpointText(localEndpoint(port.listen))
  if (status === 401) {
    return yield* new Unusable({ message: `the service on ${at} needs its token: name its file with --config` })
  }
  const read = decode(body)
  if (status === 200 && Result.isSuccess(read)) return read.success.listeners
  return yield* new Unusable({ message: `what answers on ${at} is no Fairlead that this command knows (${status})` })
})
