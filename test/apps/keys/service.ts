/** The whole service with a file, in this process: real sockets, real files, its admin port. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as net from "node:net"
import { withAuthorities } from "../../../src/apps/config/authorities.ts"
import { parse } from "../../../src/apps/config/parse.ts"
import type { Settings } from "../../../src/apps/config/Settings.ts"
import { live, serving as withoutAdmin } from "../../../src/apps/Live.ts"
import { LogThreshold } from "../../../src/apps/LogThreshold.ts"
import { Acceptor } from "../../../src/plane/Acceptor.ts"
import { Control } from "../../../src/shell/Control.ts"
import { Engine } from "../../../src/shell/Engine.ts"
import { Facts } from "../../../src/shell/facts/Facts.ts"
import { Recorder } from "../../../src/shell/Recorder.ts"
import type { Transport } from "../../../src/plane/ports/Transport.ts"
import { inScratch } from "../../support/command.ts"
import type { Server } from "../../support/servers.ts"
import { serve, until } from "../../support/servers.ts"
import type { Json, Row } from "./Row.ts"

export interface Service {
  readonly settings: Settings
  readonly acceptor: Acceptor["Service"]
  readonly engine: Engine["Service"]
  readonly facts: Facts["Service"]
  readonly recorder: Recorder["Service"]
  /** The ports of its first listener and of its admin port; 0 where there is none. */
  readonly port: number
  readonly admin: number
}

const control = Layer.succeed(Control, {
  reload: Effect.succeed({ applied: false, problems: [], warnings: [] }),
  setEnabled: () => Effect.void,
  refresh: () => Effect.succeed(true)
})

/** Runs the service while `use` runs, then stops it as a signal would. With another `transport` it has no admin port. */
export const serving = <A>(
  file: Json,
  use: (service: Service) => Promise<A>,
  transport?: Layer.Layer<Transport>
): Promise<A> =>
  Effect.gen(function* () {
    const { settings, problems } = yield* withAuthorities(parse(JSON.stringify(file)))
    if (settings === undefined) throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join("\n"))
    const threshold = new LogThreshold("error")
    const layer = transport === undefined
      ? live(settings, control as never, threshold)
      : withoutAdmin(settings, threshold, transport)
    return yield* Effect.gen(function* () {
      const context = yield* Effect.context<Acceptor | Engine | Facts | Recorder>()
      const everything: Context.Context<never> = context
      const address = Context.getOrUndefined(everything as Context.Context<HttpServer.HttpServer>, HttpServer.HttpServer)
        ?.address
      const acceptor = Context.get(context, Acceptor)
      const used = yield* Effect.promise(() =>
        use({
          settings,
          acceptor,
          engine: Context.get(context, Engine),
          facts: Context.get(context, Facts),
          recorder: Context.get(context, Recorder),
          port: acceptor.statusUnsafe()[0]?.listen.port ?? 0,
          admin: address !== undefined && "port" in address ? address.port : 0
        })
      )
      yield* acceptor.drain(0)
      return used
    }).pipe(Effect.provide(layer as Layer.Layer<Acceptor | Engine | Facts | Recorder, unknown>), Effect.scoped)
  }).pipe(Effect.provide(Logger.layer([])), Effect.runPromise)

export const row = (
  key: string,
  values: Row["values"],
  shows: Row["shows"],
  behave: Row["behave"],
  beside: Json = {}
): Row => ({ key, values, shows, behave, beside })

/** Gives the file an echo server as its upstream while `use` runs. */
export async function echoed<A>(file: Json, use: (file: Json, echo: Server) => Promise<A>): Promise<A> {
  const echo = await serve((socket) => socket.on("data", (chunk) => socket.write(chunk)))
  try {
    return await use({ ...file, upstreams: { web: { candidates: [`127.0.0.1:${echo.port}`] } } }, echo)
  } finally {
    await echo.stop()
  }
}

/** Gives the section a directory for its files. */
export const placed = <A>(file: Json, section: string, use: (file: Json, directory: string) => Promise<A>): Promise<A> =>
  inScratch((directory) =>
    use({ ...file, [section]: { ...(file[section] as Json), path: `${directory}/${section}` } }, directory)
  )

/** The time until `holds` is true, in ms. */
export async function lasts(what: string, holds: () => boolean): Promise<number> {
  const began = performance.now()
  await until(what, holds)
  return performance.now() - began
}

export interface Client {
  readonly socket: net.Socket
  readonly heard: () => string
  readonly closed: () => boolean
}

export async function client(port: number, host = "127.0.0.1"): Promise<Client> {
  const socket = net.connect({ port, host, allowHalfOpen: true })
  let heard = ""
  let closed = false
  socket.on("data", (chunk) => (heard += String(chunk))).on("error", () => {}).on("close", () => (closed = true))
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()).once("close", () => resolve()))
  return { socket, heard: () => heard, closed: () => closed }
}

/** A client that was served. */
export async function served(port: number, word = "hello"): Promise<Client> {
  const one = await client(port)
  one.socket.write(word)
  await until("it is answered", () => one.heard() === word)
  return one
}
