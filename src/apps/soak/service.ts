/** One service of the soak, with the orders of an operator. It is the real one, over a transport with distance. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Resolver } from "../../plane/ports/Resolver.ts"
import type { Transport } from "../../plane/ports/Transport.ts"
import { Acceptor } from "../../plane/Acceptor.ts"
import { Control } from "../../shell/Control.ts"
import { Engine } from "../../shell/Engine.ts"
import { layer as controlLayer } from "../control.ts"
import { parse } from "../config/parse.ts"
import { render } from "../config/Problem.ts"
import type { Environment } from "../config/environment.ts"
import { UsageError } from "../exit.ts"
import { decode } from "../embed/config.ts"
import { running } from "../embed/running.ts"
import { serving } from "../Live.ts"
import { LogThreshold } from "../LogThreshold.ts"
import { Ledger } from "./Ledger.ts"

interface Wanted {
  readonly text: string
  readonly environment: Environment
  readonly listening: boolean
  readonly transport: Layer.Layer<Transport>
  readonly resolver: Layer.Layer<Resolver>
}

export interface Service {
  readonly ledger: Ledger
  readonly engine: Engine["Service"]
  readonly control: Control["Service"]
  readonly portOf: (listener: string) => number
  readonly connect: Effect.Success<ReturnType<typeof running>>["connect"]
  /** Reloads a text instead of the configuration in force. */
  readonly reload: (text: string) => Effect.Effect<boolean>
  readonly drain: (ms: number) => Effect.Effect<number>
  readonly text: string
  readonly dialTimeoutMs: number
  readonly scoreTtlMs: number
}

/** It lives as long as the scope. */
export const openService = Effect.fnUntraced(function* (wanted: Wanted) {
  const { text, environment, listening, transport, resolver } = wanted
  const started = listening ? yield* ofFile(text, environment) : yield* decode(JSON.parse(text))
  const { settings } = started
  const ledger = new Ledger()
  const threshold = new LogThreshold(settings.log.level)
  let next = text
  const source = { name: "soak", read: Effect.sync(() => next), watched: undefined }
  const control = controlLayer({ source, environment, started, text, threshold })
  const layer = Layer.provideMerge(control, serving(settings, threshold, transport, { resolver, seen: ledger.see }))
  const context = yield* Layer.build(layer)
  return yield* Effect.provide(
    Effect.gen(function* () {
      const acceptor = yield* Acceptor
      const engine = yield* Engine
      const orders = yield* Control
      const fairlead = yield* running(started)
      const service: Service = {
        ledger,
        engine,
        control: orders,
        portOf: (listener) => acceptor.statusUnsafe().find(({ name }) => name === listener)?.listen.port ?? 0,
        connect: fairlead.connect,
        reload: (wish) =>
          listening
            ? Effect.suspend(() => {
              next = wish
              return Effect.map(orders.reload, ({ applied }) => applied)
            })
            : Effect.isSuccess(fairlead.reload(JSON.parse(wish))),
        drain: acceptor.drain,
        text,
        dialTimeoutMs: settings.core.template.dial.timeoutMs,
        scoreTtlMs: settings.core.template.scoreTtlMs
      }
      return service
    }),
    context
  )
})

const ofFile = Effect.fnUntraced(function* (text: string, environment: Environment) {
  const { settings, effective, problems } = parse(text, environment)
  if (settings !== undefined) return { settings, effective }
  return yield* new UsageError({ message: problems.map((problem) => render("soak", problem)).join("\n") })
})
