/**
 * `/`: the dashboard, one page without anything else to load. Its script comes only at the first request: a service that is not
 * looked at does without it.
 *
 * The policy lets run and apply what the page itself has, by digest, and lets it ask this port alone. So text from outside that
 * got into the page as markup would do nothing.
 */
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { Handler } from "./Handler.ts"

export const dashboard: Handler = ({ headers }) =>
  Effect.map(loaded, ({ page, policy, tag }) => {
    const known = headers["if-none-match"] === tag
    const response = known
      ? HttpServerResponse.empty({ status: 304 })
      : HttpServerResponse.text(page, { contentType: "text/html; charset=utf-8" })
    return HttpServerResponse.setHeaders(response, {
      etag: tag,
      "cache-control": "no-cache",
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin"
    })
  })

const loaded = Effect.promise(() => import("./dashboardPage.ts"))
