/**
 * Reload: reads the configuration file anew and puts it in force. Where that fails, nothing changes.
 *
 * - Reloads never overlap.
 * - Listeners are bound first, because that may fail. The core gets the configuration afterwards, because that cannot.
 * - Listeners name their upstreams. Clients of a new upstream wait until the routes have it.
 * - A warning names what is bound or opened once at the start and has changed.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { Config } from "../core/model/Config.ts"
import type { ListenerOptions } from "../plane/Listener.ts"
import type { ReloadOutcome } from "../shell/Control.ts"
import type { BindError } from "../plane/ports/errors.ts"
import type { Tracing } from "../shell/Traces.ts"
import { traced, Traces } from "../shell/Traces.ts"
import { overlap } from "../plane/overlap.ts"
import { endpointText } from "../core/endpointText.ts"
import { withAuthorities } from "./config/authorities.ts"
import { changedKeys, needRestart, tokenChanged } from "./config/changes.ts"
import type { Environment } from "./config/environment.ts"
import { parse } from "./config/parse.ts"
import { render } from "./config/Problem.ts"
import type { ConfigSource } from "./config/ConfigSource.ts"
import { ConfigReadError } from "./config/readConfig.ts"
import type { Settings } from "./config/Settings.ts"

/** A configuration in force. */
export interface InForce {
  readonly settings: Settings
  readonly effective: unknown
}

/** What a reload acts upon. */
export interface Reconfigure {
  /** Binds new addresses, then closes old ones. On failure nothing has changed. */
  readonly rebind: (listeners: ReadonlyArray<ListenerOptions>) => Effect.Effect<void, BindError>
  /** Resolves when the core has the configuration in force; false: it did not confirm in time. */
  readonly tellCore: (config: Config) => Effect.Effect<boolean>
  /** Called when a file was refused, with the number of its problems. */
  readonly refused?: (problems: number) => Effect.Effect<void>
  readonly setLogLevelUnsafe: (level: Settings["log"]["level"]) => void
  /** Prepares what the configuration may need. */
  readonly rehearse?: (settings: Settings) => Effect.Effect<void>
}

export interface ReloadOptions extends Reconfigure {
  readonly source: ConfigSource
  readonly environment: Environment
  /** The configuration at the start of the service, and its text. */
  readonly started: InForce
  readonly text: string
}

export class Reload extends Context.Service<Reload, {
  /** Reads the file and applies it, even if it is the same. */
  readonly now: Effect.Effect<ReloadOutcome>
  /** The same, unless the text is the last one that was read. */
  readonly ifChanged: Effect.Effect<void>
  readonly settingsUnsafe: () => Settings
}>()("fairlead/apps/Reload") {}

/** Time that a disk has for the file. */
const READ_TIMEOUT_MS = 5_000
const NO_ANSWER = `no answer from the disk within ${READ_TIMEOUT_MS / 1000}s`
const UNCONFIRMED = "the core did not confirm the configuration in time: see the log for the reason, then reload again"
/** Keys that the log names when a configuration was applied. */
const MOST_NAMED = 8
/** Upstreams that a span names at most. */
const MOST_TRACED = 16

export const make = Effect.fnUntraced(function* (options: ReloadOptions) {
  const { source, environment, started } = options
  const file = source.name
  const fs = yield* FileSystem.FileSystem
  const tracing = yield* Traces
  const oneAtATime = yield* Semaphore.make(1)
  let inForce = started
  /** The text, or why there was none. */
  let lastSeen = options.text

  const read = source.read.pipe(
    Effect.provideService(FileSystem.FileSystem, fs),
    Effect.timeoutOrElse({
      duration: READ_TIMEOUT_MS,
      orElse: () => Effect.fail(new ConfigReadError({ file, why: NO_ANSWER, missing: false }))
    }),
    Effect.result
  )

  const apply = Effect.fnUntraced(function* (text: string) {
    const { settings, effective, problems, warnings } = yield* withAuthorities(parse(text, environment))
    const shown = warnings.map((one) => render(file, one))
    if (settings === undefined) return refused(problems.map((one) => render(file, one)), shown)
    const done = yield* Effect.result(Effect.mapError(putInForce(options, settings), ownAdminPort(started.settings)))
    if (Result.isFailure(done)) return refused([done.failure.message], shown)
    const changed = changedKeys(inForce.effective, effective)
    inForce = { settings, effective }
    yield* Effect.annotateLogs(Effect.logInfo("configuration reloaded"), { file, changed: named(changed) })
    return { applied: true, problems: [], warnings: [...shown, ...afterwards(started, inForce, done.success)] }
  })

  const outcomeOf = (text: Result.Result<string, ConfigReadError>) =>
    tracedReload(
      tracing,
      Result.isSuccess(text) ? apply(text.success) : Effect.succeed(refused([text.failure.message], [])),
      ({ applied }) => applied,
      () => inForce.settings
    )

  /** Reads and applies the file, and logs the outcome. */
  const attempt = Effect.fnUntraced(function* (evenIfSame: boolean) {
    const text = yield* read
    const seen = Result.isSuccess(text) ? text.success : text.failure.message
    // A file that is absent for a moment is no change. An operator's order gets an answer all the same.
    const missing = Result.isFailure(text) && text.failure.missing
    if (!evenIfSame && (missing || seen === lastSeen)) return undefined
    lastSeen = seen
    return yield* tell(yield* outcomeOf(text))
  })

  const tell = Effect.fnUntraced(function* (outcome: ReloadOutcome) {
    const { applied, problems, warnings } = outcome
    if (!applied) {
      yield* options.refused?.(problems.length) ?? Effect.void
      yield* Effect.annotateLogs(Effect.logError("configuration not applied, the one before stays in force"), { file })
    }
    yield* Effect.forEach(problems, (problem) => Effect.logError(problem), { discard: true })
    yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true })
    return outcome
  })

  return Reload.of({
    now: oneAtATime.withPermit(Effect.map(attempt(true), (outcome) => outcome ?? NOTHING)),
    ifChanged: oneAtATime.withPermit(Effect.asVoid(attempt(false))),
    settingsUnsafe: () => inForce.settings
  })
})

/** Resolves to whether the core has confirmed. On failure nothing has changed. */
export const putInForce = (target: Reconfigure, settings: Settings) =>
  Effect.uninterruptible(Effect.gen(function* () {
    const { core, listeners } = settings
    yield* target.rebind(listeners)
    const confirmed = yield* target.tellCore(core)
    target.setLogLevelUnsafe(settings.log.level)
    yield* target.rehearse?.(settings) ?? Effect.void
    return confirmed
  }))

/**
 * A reload inside its span: from the new text to the core's word. `inForce` is what it left in force. The reason of a refusal
 * stays out of the span, because it may name an address.
 */
export const tracedReload = <A, E>(
  tracing: Tracing | null,
  reload: Effect.Effect<A, E>,
  isApplied: (done: A) => boolean,
  inForce: () => Settings
): Effect.Effect<A, E> =>
  traced(tracing, Effect.result(reload), {
    name: "fairlead.reload",
    attributes: () => ({}),
    ended: (result) => {
      const applied = Result.isSuccess(result) && isApplied(result.success)
      const names = inForce().core.upstreams.filter(({ removed, onDemand }) => !removed && !onDemand).map(({ name }) => name)
      return {
        "fairlead.outcome": applied ? "applied" : "refused",
        "fairlead.upstreams": names.slice(0, MOST_TRACED),
        "fairlead.upstreams.count": names.length
      }
    }
  }).pipe(Effect.flatMap(Effect.fromResult))

/** The admin port keeps the address of the start, whatever the file says now. */
export const ownAdminPort = ({ admin }: Settings) => (error: BindError): BindError => {
  const isOwn = error.code === "EADDRINUSE" && admin !== null && overlap(admin.listen, error)
  return isOwn ? error.heldBy(`admin port on ${endpointText(admin.listen)}`) : error
}

/** Warnings about a configuration that was put in force. */
export function afterwards(started: InForce, now: InForce, confirmed: boolean): ReadonlyArray<string> {
  const later = [
    ...needRestart(changedKeys(started.effective, now.effective)),
    ...(tokenChanged(started.settings, now.settings) ? ["admin.token"] : [])
  ]
  return [...(confirmed ? [] : [UNCONFIRMED]), ...[...new Set(later)].map(restartWarning)]
}

const NOTHING: ReloadOutcome = { applied: false, problems: [], warnings: [] }

function refused(problems: ReadonlyArray<string>, warnings: ReadonlyArray<string>): ReloadOutcome {
  return { applied: false, problems, warnings }
}

function restartWarning(key: string): string {
  return `${key} has changed and needs a restart to take effect`
}

function named(keys: ReadonlyArray<string>): string {
  if (keys.length === 0) return "nothing"
  const more = keys.length > MOST_NAMED ? ` and ${keys.length - MOST_NAMED} more` : ""
  return `${keys.slice(0, MOST_NAMED).join(" ")}${more}`
}
