/**
 * The admin port: health, readiness, status, and the few orders of an operator.
 *
 * Its cost is bounded whatever callers do: by permits for each kind of request (Permits.ts), by the time for a request and for
 * idle connections, and by a body of at most 1 KiB. A stop closes all connections at once, streams of facts included.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as http from "node:http"
import { isLoopback } from "../../core/network.ts"
import { BindError } from "../../plane/ports/errors.ts"
import { ExposedError } from "../../shell/errors.ts"
import { keepAccepting } from "../node/listening.ts"
import { Permits } from "./Permits.ts"
import type { AdminOptions } from "./AdminOptions.ts"
import { guard } from "./guard.ts"
import { routes } from "./routes.ts"

/** A caller is cut off when its time is over, and at most an eighth of it or a second later. */
const CHECKS = 8
const LEAST_CHECK_MS = 25
const MOST_CHECK_MS = 1_000

/** Gives the bound `HttpServer`. Fails with `BindError`, or with `ExposedError` for an address off loopback without a token. */
export const layer = (options: AdminOptions) => {
  const { host, port } = options.listen
  const permits = new Permits(options)
  const server = newServer(options, permits)
  const exposed = options.token === undefined && !isLoopback(host)
  const allowed = exposed ? Effect.fail(new ExposedError({ listener: "admin", host, port })) : Effect.void
  const bound = NodeHttpServer.layer(() => server, { host, port, disablePreemptiveShutdown: true }).pipe(
    Layer.catchTag("ServeError", ({ cause }) => {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
      return Layer.effectContext(Effect.fail(new BindError({ listener: "admin", host, port, code })))
    })
  )
  const app = Layer.provideMerge(Layer.unwrap(routes(options)), guard(options, permits))
  const served = HttpRouter.serve(app, { disableLogger: true, disableListenLog: true })
  return Layer.provide(closing(server), served).pipe(
    // With port 0, this layer shows the port that the system chose.
    Layer.provideMerge(bound),
    Layer.provide(Layer.effectDiscard(allowed))
  )
}

function newServer(options: AdminOptions, permits: Permits): http.Server {
  // The runtime takes whole milliseconds alone.
  const timeoutMs = Math.ceil(options.timeoutMs)
  const server = http.createServer({
    headersTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    keepAliveTimeout: timeoutMs,
    connectionsCheckingInterval: Math.max(LEAST_CHECK_MS, Math.min(MOST_CHECK_MS, Math.ceil(timeoutMs / CHECKS)))
  })
  server.on("listening", () => keepAccepting(server))
  server.on("connection", (socket) => permits.connected(socket))
  server.on("request", ({ socket }, response) => permits.requested(socket, response))
  return server
}

/** Built last, so closed first. It waits for no caller. */
function closing(server: http.Server): Layer.Layer<never> {
  return Layer.effectDiscard(Effect.addFinalizer(() =>
    Effect.sync(() => {
      server.close()
      server.closeAllConnections()
    })
  ))
}
