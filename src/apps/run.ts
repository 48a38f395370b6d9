/** `fairlead run`: the service, until a signal stops it. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import process from "node:process"
import * as Log from "../adapters/logging/Log.ts"
import { endpointText } from "../core/endpointText.ts"
import { isLimitHidden } from "../adapters/node/descriptors.ts"
import { hangups } from "../adapters/node/hangups.ts"
import { Acceptor } from "../plane/Acceptor.ts"
import { tellAll } from "./check.ts"
import * as Control from "./control.ts"
import { ListenAddress } from "../core/schema/units.ts"
import { configFlag } from "./configFlag.ts"
import type { ConfigSource } from "./config/ConfigSource.ts"
import { ADMIN_PORT, embeddedDefault, fromFile, PROXY_PORT } from "./config/ConfigSource.ts"
import { readFrom } from "./config/readConfig.ts"
import type { Settings } from "./config/Settings.ts"
import { Ended, UsageError } from "./exit.ts"
import { live } from "./Live.ts"
import { explained } from "./portInUse.ts"
import { namesByClients, rehearsal } from "./rehearsal.ts"
import { Reload } from "./Reload.ts"
import { LogThreshold } from "./LogThreshold.ts"
import { welcome } from "./welcome.ts"

const listen = Flag.String("listen").pipe(
  Flag.withDescription(`Without a file: address of the proxy port, instead of ${PROXY_PORT}`),
  Flag.withMetavar("HOST:PORT"),
  Flag.optional
)
const admin = Flag.String("admin").pipe(
  Flag.withDescription(`Without a file: address of the admin port, instead of ${ADMIN_PORT}; off: none`),
  Flag.withMetavar("HOST:PORT"),
  Flag.optional
)

export const run = Command.make("run", { config: configFlag, listen, admin }, (flags) =>
  Effect.gen(function* () {
    const source = yield* sourceOf(flags)
    // From here on SIGHUP requests a reload, which follows once the service runs.
    const reloads = yield* hangups
    const { settings, effective, text, problems, warnings } = yield* readFrom(source.read, process.env)
    yield* tellAll(source.name, problems, warnings)
    if (settings === undefined) return yield* new Ended({ code: 2 })
    const threshold = new LogThreshold(settings.log.level)
    const started = { settings, effective }
    const control = Control.layer({ source, environment: process.env, started, text, threshold })
    const service = Effect.provide(serve(source, reloads), live(settings, control, threshold)).pipe(
      Effect.catchTag("BindError", (error) => explained(error, source, settings))
    )
    yield* Effect.provide(service, Log.layer({ ...settings.log, threshold, secrets: secretsOf(settings) }))
  }).pipe(Effect.scoped)).pipe(
    Command.withDescription(
      "Forward connections to the best addresses, until stopped. Without a file: one port for HTTP and SOCKS proxy clients. "
        + "On SIGTERM and SIGINT the service lets sessions finish; a second "
        + "signal a second later stops it at once. SIGHUP and a change of the file apply the file anew and end no session"
    ),
    Command.withShortDescription("Forward connections to the best addresses, until stopped"),
    Command.withExamples([
      { command: "fairlead run", description: `A proxy port for everyday tools, on ${PROXY_PORT}` },
      { command: "fairlead run --listen 127.0.0.1:8119 --admin off", description: "The same beside another one" },
      { command: "fairlead run --config fairlead.yaml", description: "Serve what the file says" }
    ])
  )

interface Flags {
  readonly config: Option.Option<string>
  readonly listen: Option.Option<string>
  readonly admin: Option.Option<string>
}

/** The file, or else the embedded default with the addresses that the flags name. */
function sourceOf({ config, listen, admin }: Flags): Effect.Effect<ConfigSource, UsageError> {
  if (Option.isNone(config)) {
    const wrong = wrongAddress("listen", listen, false) ?? wrongAddress("admin", admin, true)
    if (wrong !== undefined) return Effect.fail(new UsageError({ message: wrong }))
    return Effect.succeed(
      embeddedDefault(Option.getOrElse(listen, () => PROXY_PORT), Option.getOrElse(admin, () => ADMIN_PORT))
    )
  }
  const flag = Option.isSome(listen) ? "--listen" : Option.isSome(admin) ? "--admin" : undefined
  if (flag === undefined) return Effect.succeed(fromFile(config.value))
  const key = flag === "--admin" ? "admin.listen" : "`listen` of a listener"
  return Effect.fail(
    new UsageError({ message: `${flag} is for a run without a file: change ${key} in ${config.value} instead` })
  )
}

const isAddress = (text: string) => Result.isSuccess(Schema.decodeUnknownResult(ListenAddress)(text))

function wrongAddress(flag: string, given: Option.Option<string>, orOff: boolean): string | undefined {
  if (Option.isNone(given) || isAddress(given.value) || (orOff && given.value === "off")) return undefined
  return `--${flag} ${given.value}: expected an address with a port such as 127.0.0.1:8119${orOff ? ", or off" : ""}`
}

/** A shorter value among the collector's headers is a word that the log may need. */
const LEAST_HEADER_CHARS = 8

function secretsOf({ admin, telemetry }: Settings): ReadonlyArray<string> {
  const token = admin?.token ?? null
  const headers = Object.values(Redacted.value(telemetry.otlp.headers)).filter(({ length }) => length >= LEAST_HEADER_CHARS)
  return token === null ? headers : [Redacted.value(token), ...headers]
}

const UNCOUNTED =
  "descriptors are not counted, as Deno gives /proc only with -A: set the limit (ulimit -n) above twice the sum of "
  + "all maxConnections, plus some hundred"

/** Binds, serves, and stops gracefully on an interruption. */
const serve = (source: ConfigSource, reloads: Stream.Stream<void>) =>
  Effect.gen(function* () {
    const acceptor = yield* Acceptor
    const reload = yield* Reload
    yield* Control.reloadOnDemand(source, reloads)
    for (const { name, listen } of acceptor.statusUnsafe()) {
      yield* say("listening", { listener: name, address: endpointText(listen) })
    }
    if (isLimitHidden()) yield* Effect.logInfo(UNCOUNTED)
    const [first] = acceptor.statusUnsafe()
    if (source.watched === undefined && first !== undefined) {
      yield* Console.log(welcome(first.listen, reload.settingsUnsafe().admin !== null))
    }
    const { core, listeners } = reload.settingsUnsafe()
    yield* Effect.forkScoped(rehearsal(core, namesByClients(listeners)))
    yield* Effect.onInterrupt(Effect.never, () => stop(acceptor, reload.settingsUnsafe().shutdown.drain))
  }).pipe(Effect.scoped)

const stop = Effect.fnUntraced(function* (acceptor: Acceptor["Service"], drainMs: number) {
  yield* say("stopping: no new clients, waiting for sessions", { drainMs })
  const reset = yield* acceptor.drain(drainMs)
  yield* say("stopped", { sessionsReset: reset })
})

const say = (message: string, details: Readonly<Record<string, unknown>>) =>
  Effect.annotateLogs(Effect.logInfo(message), details)
