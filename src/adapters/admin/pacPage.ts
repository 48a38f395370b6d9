/** `/proxy.pac`: the file for browsers, for the first proxy port of the service. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { Address } from "../../core/model/Config.ts"
import type { Acceptor } from "../../plane/Acceptor.ts"
import { hostOf, PAC_TYPE, pacFile } from "../node/entry/pacFile.ts"
import type { WayIn } from "../node/entry/WayIn.ts"
import { said } from "./guard.ts"
import type { Handler } from "./Handler.ts"
import { localEndpoint } from "./localEndpoint.ts"

export const pacPage = (acceptor: Acceptor["Service"]): Handler => (request) =>
  Effect.sync(() => {
    const proxy = acceptor.waysInUnsafe().find(({ entry }) => entry.protocol === "proxy")
    if (proxy === undefined) return said(404, "there is no listener of protocol proxy")
    return HttpServerResponse.text(pacFile(reachable(proxy.listen, request), proxy.entry as WayIn), {
      contentType: PAC_TYPE
    })
  })

/** A port on all addresses is where the caller reached this one. */
function reachable(listen: Address, { headers }: HttpServerRequest): Address {
  if (listen.host !== "0.0.0.0" && listen.host !== "::") return listen
  const host = hostOf(headers["host"], listen.port)?.host
  return host === undefined ? localEndpoint(listen) : { host, port: listen.port }
}
