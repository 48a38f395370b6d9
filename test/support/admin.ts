/** The admin port over a live forwarder, and plain requests to it, as `fetch` can set neither Host nor Origin. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as http from "node:http"
import type { AdminOptions } from "../../src/adapters/admin/AdminOptions.ts"
import * as AdminServer from "../../src/adapters/admin/AdminServer.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { Control } from "../../src/shell/Control.ts"
import { Engine } from "../../src/shell/Engine.ts"
import type { FactsOptions } from "../../src/shell/facts/Facts.ts"
import { Facts } from "../../src/shell/facts/Facts.ts"
import { LatencyCourse } from "../../src/shell/LatencyCourse.ts"
import * as Observer from "../../src/shell/Observer.ts"
import { PoolTakes } from "../../src/shell/PoolTakes.ts"
import { TlsStageCounts } from "../../src/shell/TlsStageCounts.ts"
import { liveLayer } from "./live.ts"

export interface Admin {
  readonly port: number
  readonly engine: Engine["Service"]
  readonly facts: Facts["Service"]
  /** The orders that the control got, in order. */
  readonly asked: ReadonlyArray<string>
}

export interface AdminSetting extends Partial<Omit<AdminOptions, "token">> {
  readonly token?: string
  readonly facts?: Partial<FactsOptions>
  readonly also?: Layer.Layer<never>
  /** false: there is no control to take orders. */
  readonly control?: boolean
}

/** A control that knows the upstream web and refuses the second reload. */
function controlOf(asked: Array<string>) {
  return Layer.succeed(Control, {
    reload: Effect.sync(() => {
      asked.push("reload")
      const again = asked.filter((one) => one === "reload").length > 1
      return {
        applied: !again,
        problems: again ? ["f.yaml:1:1 listeners: at least one listener is needed"] : [],
        warnings: []
      }
    }),
    setEnabled: (enabled) => Effect.sync(() => void asked.push(`enabled ${enabled}`)),
    refresh: (upstream) =>
      Effect.sync(() => {
        asked.push(`refresh ${upstream}`)
        return upstream === undefined || upstream === "web"
      })
  })
}

/** Runs `use` with an admin port on a port of the system's choice. */
export const withAdmin = <A>(config: Config, setting: AdminSetting, use: (admin: Admin) => Promise<A>) => {
  const { token, facts, also = Layer.empty, control = true, ...options } = setting
  const asked: Array<string> = []
  const admin = AdminServer.layer({
    listen: { host: "127.0.0.1", port: 0 },
    hosts: ["localhost", "127.0.0.1"],
    clients: 16,
    readers: 16,
    timeoutMs: 5_000,
    heartbeatMs: 15_000,
    sessionMs: 60_000,
    addresses: "redacted",
    ...options,
    token: token === undefined ? undefined : Redacted.make(token)
  })
  const service = liveLayer(config).layer.pipe(
    Layer.provideMerge(
      Observer.layer(Effect.all([Facts.observer, PoolTakes.observer, TlsStageCounts.observer, LatencyCourse.observer]))
    ),
    Layer.provideMerge(Facts.layer({ perSecond: 1_000, kept: 64, addresses: "redacted", ...facts })),
    Layer.provideMerge(Layer.mergeAll(PoolTakes.layer, TlsStageCounts.layer, LatencyCourse.layer))
  )
  const all = admin.pipe(
    Layer.provide(control ? controlOf(asked) : Layer.empty),
    Layer.provideMerge(service),
    Layer.provide(also)
  )
  return Effect.gen(function* () {
    const context = yield* Effect.context<Engine | Facts | HttpServer.HttpServer>()
    const { address } = Context.get(context, HttpServer.HttpServer)
    const port = "port" in address ? address.port : 0
    const engine = Context.get(context, Engine)
    return yield* Effect.promise(() => use({ port, engine, facts: Context.get(context, Facts), asked }))
  }).pipe(Effect.provide(all), Effect.scoped)
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

export function request(port: number, path: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(body.length) }
    const sent = http.request({ port, host: "127.0.0.1", path, method, headers: { ...length, ...headers }, agent: false })
    sent.once("error", reject)
    sent.once("response", (response) => {
      let text = ""
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk))
      response.once("error", reject)
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    sent.end(body)
  })
}

export interface EventStream {
  readonly status: number
  /** All text that has come so far. */
  readonly text: () => string
  readonly facts: () => ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly ended: () => boolean
  readonly response: http.IncomingMessage
  readonly stop: () => void
}

/** `paused`: nothing is read until the response is resumed. */
export function openEvents(
  port: number,
  headers: Asked["headers"] = {},
  paused = false,
  path = "/events"
): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ port, host: "127.0.0.1", path, headers, agent: false })
    sent.once("error", reject)
    sent.once("response", (response) => {
      let text = ""
      let ended = false
      if (!paused) response.setEncoding("utf8").on("data", (chunk) => (text += chunk))
      response.on("error", () => {}).once("close", () => (ended = true))
      resolve({
        status: response.statusCode ?? 0,
        text: () => text,
        facts: () => [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data as string)),
        ended: () => ended,
        response,
        stop: () => sent.destroy()
      })
    })
    sent.end()
  })
}
