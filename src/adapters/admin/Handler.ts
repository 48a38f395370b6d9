/** A handler: the answer to one request. */
import type * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"

export type Handler = (request: HttpServerRequest) => Effect.Effect<HttpServerResponse>
