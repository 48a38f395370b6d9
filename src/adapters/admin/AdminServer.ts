/**
 * The admin port: alive, ready, and what the service is doing. It answers only requests whose `Host` is one of `hosts`, so
 * that a web page cannot reach it through a name of its own (DNS rebinding).
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import type { Address } from "../../core/model/Config.ts"
import { isReady } from "../../core/ready.ts"
import { Acceptor } from "../../shell/Acceptor.ts"
import { Engine } from "../../shell/Engine.ts"
import { BindError } from "../../shell/errors.ts"
import type { Page } from "../../shell/Exposition.ts"
import { Exposition } from "../../shell/Exposition.ts"
import { Recorder } from "../../shell/Recorder.ts"
import { statusOf } from "../../shell/status.ts"

export interface AdminOptions {
  readonly listen: Address
  readonly hosts: ReadonlyArray<string>
}

const routes = Effect.gen(function* () {
  const engine = yield* Engine
  const acceptor = yield* Acceptor
  const recorder = yield* Recorder
  const page = yield* Exposition
  const status = Effect.sync(() =>
    HttpServerResponse.jsonUnsafe(
      statusOf(
        engine.stateUnsafe(),
        engine.nowUs(),
        engine.restartsUnsafe(),
        acceptor.statusUnsafe(),
        recorder.statusUnsafe()
      )
    )
  )
  const ready = Effect.sync(() =>
    isReady(engine.stateUnsafe())
      ? HttpServerResponse.text("ready\n")
      : HttpServerResponse.text("not ready: no upstream selected yet\n", { status: 503 })
  )
  return HttpRouter.addAll([
    HttpRouter.route("GET", "/healthz", Effect.succeed(HttpServerResponse.text("alive\n"))),
    HttpRouter.route("GET", "/readyz", ready),
    HttpRouter.route("GET", "/status", status),
    ...(page === null ? [] : [metrics(page)])
  ])
})

const metrics = ({ text, contentType }: Page) =>
  HttpRouter.route("GET", "/metrics", Effect.map(text, (body) => HttpServerResponse.text(body, { contentType })))

const guard = (hosts: ReadonlyArray<string>) =>
  HttpRouter.middleware(
    (handler) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        hosts.includes(hostName(request.headers["host"] ?? ""))
          ? handler
          : Effect.succeed(HttpServerResponse.text("this Host is not in admin.hosts\n", { status: 421 }))),
    { global: true }
  )

/** The name without its port; `[::1]:9099` is `::1`. */
function hostName(host: string): string {
  const match = /^\[([^\]]+)\](?::\d+)?$/.exec(host) ?? /^([^:]+)(?::\d+)?$/.exec(host)
  return match?.[1]?.toLowerCase() ?? ""
}

export const layer = (options: AdminOptions) => {
  const { host, port } = options.listen
  const server = NodeHttpServer.layer(createServer, { host, port }).pipe(
    Layer.catchTag("ServeError", ({ cause }) => {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
      return Layer.effectContext(Effect.fail(new BindError({ listener: "admin", host, port, code })))
    })
  )
  const app = Layer.provideMerge(Layer.unwrap(routes), guard(options.hosts))
  return HttpRouter.serve(app, { disableLogger: true, disableListenLog: true }).pipe(Layer.provide(server))
}
