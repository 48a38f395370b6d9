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
import { howToRun } from "./howToRun.ts"

/** An admin port, and the command that asks it. */
export interface Asked extends AdminPort {
  readonly command: string
}

const Listener = Schema.Struct({
  name: Schema.String,
  protocol: Schema.String,
  listen: ListenAddress,
  /** Whether a client has to show a name and a password. */
  asksUser: Schema.optionalKey(Schema.Boolean)
})
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Struct({ listeners: Schema.Array(Listener) })))

export type RunningListener = typeof Listener.Type

/** Nothing answers there, something else does, or the service refuses. */
export class Unusable extends Data.TaggedError("Unusable")<{ readonly message: string }> {}

/** How a page that is asked about an unknown upstream begins. */
export const NO_UPSTREAM = "there is no upstream"

/** The text of one page of the admin port. */
export const ask = Effect.fnUntraced(function* (asked: Asked, path: string) {
  const { status, body } = yield* Effect.catchTag(
    call(asked, "GET", path),
    "NoAnswer",
    ({ message }) =>
      Effect.fail(
        new Unusable({
          message: `${message}. Start one: ${howToRun("run")}. Is its admin port elsewhere: `
            + `${howToRun(asked.command)} --admin HOST:PORT, or --config FILE`
        })
      )
  )
  if (status === 200) return body
  if (status === 404 && body.startsWith(NO_UPSTREAM)) return yield* new Unusable({ message: body })
  const at = endpointText(localEndpoint(asked.listen))
  return yield* status === 401
    ? new Unusable({ message: `the service on ${at} needs its token: name its file with --config` })
    : unknown(asked, status)
})

export const unknown = ({ listen }: AdminPort, status: number): Unusable =>
  new Unusable({
    message: `what answers on ${endpointText(localEndpoint(listen))} is no Fairlead that this command knows (${status})`
  })

/** The listeners of the service with this admin port. */
export const listenersOf = Effect.fnUntraced(function* (asked: Asked) {
  const read = decode(yield* ask(asked, "/status?candidates=0"))
  return Result.isSuccess(read) ? read.success.listeners : yield* unknown(asked, 200)
})
