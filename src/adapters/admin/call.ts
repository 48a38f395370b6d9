/** One request to the admin port of a service, from another process on its machine. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as http from "node:http"
import { endpointText } from "../../core/endpointText.ts"
import type { Address } from "../../core/model/Config.ts"
import { localEndpoint } from "./localEndpoint.ts"

/** A service that takes longer counts as one that does not answer. */
const TIMEOUT_MS = 10_000
/** What else answers there may send without end. */
const MOST_CHARS = 8_388_608

export interface AdminPort {
  readonly listen: Address
  /** The token that the service requires; undefined: none. */
  readonly token: string | undefined
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** No complete answer in HTTP came in time. */
export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly at: Address }> {
  override get message(): string {
    return `no service answers on the admin port ${endpointText(this.at)}`
  }
}

/**
 * The answer of the admin port. An agent that knows no proxy goes there directly. `fetch` would take the proxy that the
 * environment names, and so would, on Deno, an agent that is told nothing.
 */
export const call = (
  { listen, token }: AdminPort,
  method: "GET" | "POST",
  path: string
): Effect.Effect<Answer, NoAnswer> => {
  const at = localEndpoint(listen)
  return Effect.callback<Answer, NoAnswer>((resume, signal) => {
    const fail = () => resume(Effect.fail(new NoAnswer({ at })))
    const agent = new http.Agent({ keepAlive: false, proxyEnv: {} })
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const sent = http.request({ ...at, path, method, headers, agent, timeout: TIMEOUT_MS, signal })
    sent.on("timeout", () => void sent.destroy())
    sent.on("error", fail)
    sent.on("close", fail)
    sent.on("response", (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text
        if (body.length > MOST_CHARS) sent.destroy()
      })
      response.on("error", fail)
      response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body: body.trim() })))
    })
    sent.end()
  }).pipe(Effect.timeoutOrElse({ duration: TIMEOUT_MS, orElse: () => Effect.fail(new NoAnswer({ at })) }))
}
