/** `fairlead run`: the service, until it is asked to stop. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Fact } from "../core/model/Decision.ts"
import { Acceptor } from "../shell/Acceptor.ts"
import { Engine } from "../shell/Engine.ts"
import { parse } from "./config/parse.ts"
import { render } from "./config/Problem.ts"
import type { Settings } from "./config/Settings.ts"
import { Ended, UsageError } from "./exit.ts"
import { factText } from "./factText.ts"
import { live } from "./Live.ts"
import * as AppLogger from "./logger.ts"

export const EXAMPLE = `listeners:
  - name: web
    listen: 127.0.0.1:1234
    upstream: web
upstreams:
  web:
    port: 443
    candidates: ["198.18.0.11", "198.18.0.12:8443", "198.18.0.0/29"]
`

const config = Flag.String("config").pipe(
  Flag.withAlias("c"),
  Flag.withDescription("Configuration file (YAML or JSON)"),
  Flag.withMetavar("FILE"),
  Flag.optional
)

export const run = Command.make("run", { config }, ({ config }) => {
  if (Option.isNone(config)) return Effect.fail(new UsageError({ message: WITHOUT_FILE }))
  return Effect.flatMap(
    readSettings(config.value),
    (settings) => Effect.provide(serve(settings), AppLogger.layer(settings.log))
  )
}).pipe(Command.withDescription("Forward connections to the best addresses, until stopped"))

const WITHOUT_FILE = `run needs a configuration: fairlead run --config fairlead.yaml, with for example

${EXAMPLE}`

/** Reads and checks a file; every problem goes to stderr at once. */
const readSettings = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    fs.readFileString(file),
    (error) => new UsageError({ message: `cannot read ${file}: ${error.message}` })
  )
  const { settings, problems, warnings } = parse(text)
  for (const warning of warnings) yield* Effect.sync(() => console.error(`warning: ${render(file, warning)}`))
  for (const problem of problems) yield* Effect.sync(() => console.error(`error: ${render(file, problem)}`))
  return settings ?? (yield* new Ended({ code: 2 }))
})

/** Binds, serves, and on interruption stops gracefully. */
const serve = (settings: Settings) =>
  Effect.gen(function* () {
    const engine = yield* Engine
    const acceptor = yield* Acceptor
    for (const { name, listen } of acceptor.statusUnsafe()) {
      yield* say("listening", { listener: name, address: `${listen.host}:${listen.port}` })
    }
    yield* Effect.forkScoped(Stream.runForEach(Stream.fromPubSub(engine.facts), (fact) => tell(engine, fact)))
    yield* Effect.onInterrupt(Effect.never, () => stop(acceptor, settings.shutdown.drain))
  }).pipe(Effect.scoped, Effect.provide(live(settings)))

const stop = Effect.fnUntraced(function* (acceptor: Acceptor["Service"], drainMs: number) {
  yield* say("stopping: no new clients, waiting for sessions", { drainMs })
  const reset = yield* acceptor.drain(drainMs)
  yield* say("stopped", { sessionsReset: reset })
})

const say = (message: string, details: Readonly<Record<string, unknown>>) =>
  Effect.annotateLogs(Effect.logInfo(message), details)

/** Facts as log lines, candidates by their stable names. */
function tell(engine: Engine["Service"], fact: Fact): Effect.Effect<void> {
  const { message, ...details } = factText(engine.stateUnsafe(), fact)
  return fact._tag === "BreakerOpened" ? Effect.annotateLogs(Effect.logWarning(message), details) : say(message, details)
}
