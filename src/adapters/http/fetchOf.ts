/** `fetch` through a dispatcher, with responses that `servedBy` knows. */
import type { Dispatcher } from "undici"
import { fetch as undiciFetch } from "undici"
import type { Served } from "./Connector.ts"
import { remember } from "./servedBy.ts"

/** The `fetch` of the platform, by type. */
export type Fetch = typeof globalThis.fetch

/** Of a response after redirects, `servedBy` tells of the last one. */
export function fetchOf(dispatcher: Dispatcher): Fetch {
  return async (input, init) => {
    let served: Served | undefined
    const noting = dispatcher.compose((dispatch) => (options, handler) =>
      dispatch(options, new Proxy(handler, { get: (target, key) => noted(target, key, (found) => void (served = found)) }))
    )
    const [url, given] = input instanceof Request ? [input.url, fromRequest(input)] : [input, {}]
    const options = { ...given, ...init, dispatcher: noting } as Parameters<typeof undiciFetch>[1]
    const response = await undiciFetch(url, options) as unknown as Response
    remember(response, served)
    return response
  }
}

/** undici knows only its own `Request`. */
function fromRequest(request: Request): RequestInit {
  const { method, headers, body, redirect, signal, credentials, integrity, keepalive, mode, referrerPolicy } = request
  const streaming = body === null ? {} : { body, duplex: "half" }
  return {
    method,
    headers: [...headers],
    redirect,
    signal,
    credentials,
    integrity,
    keepalive,
    referrerPolicy,
    ...(mode === "navigate" ? {} : { mode }),
    ...streaming
  }
}

function noted(
  handler: Dispatcher.DispatchHandler,
  key: string | symbol,
  found: (served: Served | undefined) => void
): unknown {
  const value: unknown = Reflect.get(handler, key)
  if (typeof value !== "function") return value
  if (key !== "onRequestStart") return value.bind(handler)
  return (controller: unknown, context: { readonly fairlead?: Served } | null) => {
    found(context?.fairlead)
    return value.call(handler, controller, context)
  }
}
