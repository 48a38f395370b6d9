/** `/status`, written in slices, so that a long list delays no other work. */
import * as Effect from "effect/Effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isLoopback } from "../../core/network.ts"
import { Acceptor } from "../../plane/Acceptor.ts"
import { Engine } from "../../shell/Engine.ts"
import { LatencyCourse } from "../../shell/LatencyCourse.ts"
import { PoolTakes } from "../../shell/PoolTakes.ts"
import type { Addresses } from "../../shell/privacy.ts"
import { Recorder } from "../../shell/Recorder.ts"
import type { Seen } from "../../shell/status.ts"
import { statusText } from "../../shell/status.ts"
import { TlsStageCounts } from "../../shell/TlsStageCounts.ts"
import { said } from "./guard.ts"
import type { Handler } from "./Handler.ts"

/** Candidates of each upstream that are listed by default. */
const CANDIDATES = 256

export const status = Effect.fnUntraced(function* ({ addresses }: { readonly addresses: Addresses }) {
  const engine = yield* Engine
  const acceptor = yield* Acceptor
  const recorder = yield* Recorder
  const takes = yield* PoolTakes
  const tls = yield* TlsStageCounts
  const course = yield* LatencyCourse
  const see = (): Seen => ({
    state: engine.stateUnsafe(),
    nowUs: engine.nowUs(),
    restarts: engine.restartsUnsafe(),
    listeners: acceptor.statusUnsafe(),
    record: recorder.statusUnsafe(),
    names: engine.names,
    takes,
    tls,
    course
  })
  const handler: Handler = (request) =>
    Effect.sync(() => {
      const candidates = candidatesWanted(request)
      if (candidates === undefined) return said(400, "candidates: expected a whole number from 0 to 1000000")
      const query = queryOf(request)
      return jsonStream(statusText(see(), {
        addresses: isLocal(request) ? "full" : addresses,
        candidates,
        upstreams: upstreamsWanted(query),
        courses: query.get("course") === "true"
      }))
    })
  return handler
})

export function jsonStream(pieces: Iterable<string>) {
  const encoder = new TextEncoder()
  const body = Stream.fromIterable(pieces, { chunkSize: 1 }).pipe(
    Stream.mapEffect((piece) => Effect.as(Effect.yieldNow, encoder.encode(piece)))
  )
  return HttpServerResponse.stream(body, { contentType: "application/json", headers: { "cache-control": "no-store" } })
}

const queryOf = ({ url }: HttpServerRequest): URLSearchParams => new URL(url, "http://admin").searchParams

/** Candidates that a request wants at most; undefined: it asks for no number. */
export function candidatesWanted(request: HttpServerRequest): number | undefined {
  const text = queryOf(request).get("candidates")
  if (text === null) return CANDIDATES
  return /^\d{1,6}$|^1000000$/.test(text) ? Number(text) : undefined
}

/** The names in the query; undefined: all upstreams. */
function upstreamsWanted(query: URLSearchParams): ReadonlySet<string> | undefined {
  const names = query.getAll("upstream")
  return names.length === 0 ? undefined : new Set(names)
}

/** Headers that proxies add to the requests that they pass on. */
const BY_PROXY =
  /^(via|forwarded|x-forwarded(-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|(cf|fastly)-.*ip)$/

/** Whether the caller is on this machine. A request that came through a proxy may come from anywhere. */
export function isLocal({ remoteAddress, headers }: HttpServerRequest): boolean {
  if (Object.keys(headers).some((name) => BY_PROXY.test(name))) return false
  return isLoopback(Option.getOrElse(remoteAddress, () => ""))
}
