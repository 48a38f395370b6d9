/** Orders of an operator. Each answer is JSON and says what was done. */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Control } from "../../shell/Control.ts"
import { said } from "./guard.ts"
import type { Handler } from "./Handler.ts"

const MOST_BODY_BYTES = 1_024

const Enabled = Schema.fromJsonString(Schema.Struct({ enabled: Schema.Boolean }))
const decodeEnabled = Schema.decodeUnknownEffect(Enabled, { onExcessProperty: "error" })

const json = (body: object, status = 200) => HttpServerResponse.jsonUnsafe(body, { status })

export function acts(control: Option.Option<Control["Service"]>) {
  const having = (act: (control: Control["Service"], request: HttpServerRequest) => ReturnType<Handler>): Handler =>
    Option.isSome(control)
      // The order holds even when the operator closes the connection.
      ? (request) => Effect.uninterruptible(act(control.value, request))
      : () => Effect.succeed(said(501, "this service accepts no changes: it was started without a Control"))
  return {
    reload: having((control) => Effect.map(control.reload, (outcome) => json(outcome, outcome.applied ? 200 : 422))),
    enabled: having((control, request) => setEnabled(control, request)),
    refresh: having((control, request) => refresh(control, request))
  }
}

const setEnabled = (control: Control["Service"], request: HttpServerRequest): ReturnType<Handler> =>
  Effect.gen(function* () {
    const text = yield* Effect.interruptible(request.text)
    const { enabled } = yield* decodeEnabled(text)
    yield* control.setEnabled(enabled)
    return json({ enabled })
  }).pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(MOST_BODY_BYTES)),
    Effect.catchTag("SchemaError", () => Effect.succeed(said(400, 'expected {"enabled": true} or {"enabled": false}'))),
    Effect.catchTag("HttpServerError", ({ reason }) =>
      Effect.succeed(
        reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
          ? said(413, `the body has more than ${MOST_BODY_BYTES} bytes`, { connection: "close" })
          : said(400, "the request did not arrive completely")
      ))
  )

const refresh = Effect.fnUntraced(function* (control: Control["Service"], { url }: HttpServerRequest) {
  const upstream = new URL(url, "http://admin").searchParams.get("upstream") ?? undefined
  const known = yield* control.refresh(upstream)
  return known
    ? json({ refreshing: upstream ?? "all" }, 202)
    : said(404, `there is no upstream ${JSON.stringify(upstream?.slice(0, 100))}; /status names them`)
})
