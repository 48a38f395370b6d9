/** `fairlead run`: the service, until a signal stops it. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import process from "node:process"
import * as Log from "../adapters/logging/Log.ts"
import { endpointText } from "../core/endpointText.ts"
import { hangups } from "../adapters/node/hangups.ts"
import { Acceptor } from "../plane/Acceptor.ts"
import { tellAll } from "./check.ts"
import * as Control from "./control.ts"
import { configFlag, wantedFile } from "./configFlag.ts"
import { readConfig } from "./config/readConfig.ts"
import type { Settings } from "./config/Settings.ts"
import { Ended } from "./exit.ts"
import { live } from "./Live.ts"
import { rehearsal } from "./rehearsal.ts"
import { Reload } from "./Reload.ts"
import { LogThreshold } from "./LogThreshold.ts"

export const run = Command.make("run", { config: configFlag }, ({ config }) =>
  Effect.gen(function* () {
    const file = yield* wantedFile("run", config)
    // From here on SIGHUP requests a reload, which follows once the service runs.
    const reloads = yield* hangups
    const { settings, effective, text, problems, warnings } = yield* readConfig(file, process.env)
    yield* tellAll(file, problems, warnings)
    if (settings === undefined) return yield* new Ended({ code: 2 })
    const threshold = new LogThreshold(settings.log.level)
    const control = Control.layer({ file, environment: process.env, started: { settings, effective }, text, threshold })
    const service = Effect.provide(serve(file, reloads), live(settings, control, threshold))
    yield* Effect.provide(service, Log.layer({ ...settings.log, threshold, secrets: secretsOf(settings) }))
  }).pipe(Effect.scoped)).pipe(
    Command.withDescription(
      "Forward connections to the best addresses, until stopped. On SIGTERM and SIGINT the service lets sessions finish; a second "
        + "signal a second later stops it at once. SIGHUP and a change of the file apply the file anew and end no session"
    ),
    Command.withShortDescription("Forward connections to the best addresses, until stopped"),
    Command.withExamples([{ command: "fairlead run --config fairlead.yaml", description: "Serve what the file says" }])
  )

/** A shorter value among the collector's headers is a word that the log may need. */
const LEAST_HEADER_CHARS = 8

function secretsOf({ admin, telemetry }: Settings): ReadonlyArray<string> {
  const token = admin?.token ?? null
  const headers = Object.values(Redacted.value(telemetry.otlp.headers)).filter(({ length }) => length >= LEAST_HEADER_CHARS)
  return token === null ? headers : [Redacted.value(token), ...headers]
}

/** Binds, serves, and stops gracefully on an interruption. */
const serve = (file: string, reloads: Stream.Stream<void>) =>
  Effect.gen(function* () {
    const acceptor = yield* Acceptor
    const reload = yield* Reload
    yield* Control.reloadOnDemand(file, reloads)
    for (const { name, listen } of acceptor.statusUnsafe()) {
      yield* say("listening", { listener: name, address: endpointText(listen) })
    }
    // Clients of listeners get configured upstreams alone.
    yield* Effect.forkScoped(rehearsal(reload.settingsUnsafe().core, false))
    yield* Effect.onInterrupt(Effect.never, () => stop(acceptor, reload.settingsUnsafe().shutdown.drain))
  }).pipe(Effect.scoped)

const stop = Effect.fnUntraced(function* (acceptor: Acceptor["Service"], drainMs: number) {
  yield* say("stopping: no new clients, waiting for sessions", { drainMs })
  const reset = yield* acceptor.drain(drainMs)
  yield* say("stopped", { sessionsReset: reset })
})

const say = (message: string, details: Readonly<Record<string, unknown>>) =>
  Effect.annotateLogs(Effect.logInfo(message), details)
