/** Effect's `HttpClient` with connections to the best addresses. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { attributesOf } from "../../adapters/http/spans.ts"
import type { DispatcherOptions } from "../../adapters/http/dispatcherOf.ts"
import { dispatcherOf } from "../../adapters/http/dispatcherOf.ts"
import { remember, servedBy } from "../../adapters/http/servedBy.ts"
import { clientOf } from "./clientOf.ts"
import { Fairlead } from "./Fairlead.ts"

/**
 * The client of `@effect/platform-node` over a dispatcher that ends with the layer. What served a response is on the span that
 * was current when the request was made, and `servedBy` tells it too.
 */
export const httpClient = (options: DispatcherOptions = {}): Layer.Layer<HttpClient.HttpClient, never, Fairlead> => {
  const dispatcher = Effect.acquireRelease(
    Effect.map(Fairlead, (fairlead) => dispatcherOf(clientOf(fairlead), options)),
    (one) => Effect.promise(() => one.destroy())
  )
  const client = Effect.map(
    HttpClient.HttpClient,
    HttpClient.tap((response) => {
      const served = servedBy(wrapped(response))
      remember(response, served)
      return Effect.annotateCurrentSpan(attributesOf(served))
    })
  )
  return Layer.effect(HttpClient.HttpClient, client).pipe(
    Layer.provide(NodeHttpClient.layerUndiciNoDispatcher),
    Layer.provide(Layer.effect(NodeHttpClient.Dispatcher, dispatcher))
  )
}

/** Effect wraps a response so that an interruption ends its request. */
function wrapped(response: object): object {
  return (response as { readonly original?: object }).original ?? response
}
