/** The handler of each path of the admin port. */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Vector from "../../core/data/Vector.ts"
import { isReady } from "../../core/ready.ts"
import { Acceptor } from "../../plane/Acceptor.ts"
import { Control } from "../../shell/Control.ts"
import { Engine } from "../../shell/Engine.ts"
import type { Page } from "../../shell/Exposition.ts"
import { Exposition } from "../../shell/Exposition.ts"
import { Facts } from "../../shell/facts/Facts.ts"
import type { AdminOptions } from "./AdminOptions.ts"
import { acts } from "./acts.ts"
import { dashboard } from "./dashboard.ts"
import { PAC_PATH } from "../node/entry/pacFile.ts"
import { events } from "./events.ts"
import { explain } from "./explainPage.ts"
import { isTrusted, pathOf, said } from "./guard.ts"
import type { Handler } from "./Handler.ts"
import { pacPage } from "./pacPage.ts"
import { session } from "./sessionPage.ts"
import { status } from "./statusPage.ts"

type Methods = Readonly<Partial<Record<"GET" | "POST" | "PUT" | "DELETE", Handler>>>

export const routes = Effect.fnUntraced(function* (options: AdminOptions) {
  const engine = yield* Engine
  const acceptor = yield* Acceptor
  const facts = yield* Facts
  const metrics = yield* Exposition
  const { reload, enabled, refresh } = acts(yield* Effect.serviceOption(Control))
  const paths: Readonly<Record<`/${string}`, Methods>> = {
    "/healthz": { GET: () => Effect.succeed(said(200, "alive")) },
    "/readyz": { GET: (request) => Effect.sync(() => ready(engine, acceptor, isTrusted(request, options))) },
    "/metrics": { GET: () => metricsText(metrics) },
    "/status": { GET: yield* status(options) },
    "/explain": { GET: yield* explain(options) },
    [PAC_PATH]: { GET: pacPage(acceptor) },
    "/events": { GET: events(facts, options) },
    "/reload": { POST: reload },
    "/enabled": { PUT: enabled },
    "/refresh": { POST: refresh },
    "/": { GET: dashboard },
    "/session": session(options)
  }
  const handlers = new Map(Object.entries(paths))
  // The router keeps a tree for each method there is: with one route instead of one for each path a start takes a twentieth less time.
  return HttpRouter.addAll([
    HttpRouter.route("*", "*", (request) => {
      const methods = handlers.get(plain(pathOf(request)))
      return methods === undefined ? Effect.succeed(unknown(request, [...handlers.keys()])) : byMethod(methods, request)
    })
  ])
})

/** Without repeated slashes, and without one at the end. */
function plain(path: string): string {
  return path.replaceAll(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "")
}

function byMethod(methods: Methods, request: HttpServerRequest): ReturnType<Handler> {
  const method = request.method === "HEAD" ? "GET" : request.method
  const handler = methods[method as keyof Methods]
  if (handler !== undefined) return handler(request)
  const allow = Object.keys(methods).flatMap((name) => name === "GET" ? ["GET", "HEAD"] : [name]).join(", ")
  return Effect.succeed(said(405, `${pathOf(request)} takes ${allow}, not ${request.method}`, { allow }))
}

function unknown(request: HttpServerRequest, paths: ReadonlyArray<string>) {
  return said(404, `there is no ${pathOf(request).slice(0, 100)}; there are ${paths.join(" ")}`)
}

/** `isTrusted`: whether the caller may see names. */
function ready(engine: Engine["Service"], acceptor: Acceptor["Service"], isTrusted: boolean) {
  if (!acceptor.isOpenUnsafe()) return said(503, "not ready: stopping, sessions finish")
  const state = engine.stateUnsafe()
  if (isReady(state)) return said(200, "ready")
  if (!isTrusted) return said(503, "not ready")
  const waiting = Vector.toArray(state.upstreams).filter(({ members }) => members.length === 0).map(({ name }) => name)
  return said(503, `not ready: nothing selected yet for ${waiting.join(", ") || "any upstream"}`)
}

function metricsText(page: Page | null): ReturnType<Handler> {
  if (page === null) return Effect.succeed(said(404, "metrics are off (telemetry.metrics)"))
  return Effect.map(page.text, (text) => HttpServerResponse.text(text, { contentType: page.contentType }))
}
