/** The orders of an operator, on the running engine and its listeners. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { slotOf } from "../adapters/admin/slotOf.ts"
import { Telemetry } from "../adapters/otel/Telemetry.ts"
import { watchFile } from "../adapters/node/watchFile.ts"
import type { Config } from "../core/model/Config.ts"
import { Acceptor } from "../plane/Acceptor.ts"
import { Control } from "../shell/Control.ts"
import { Engine } from "../shell/Engine.ts"
import { Facts } from "../shell/facts/Facts.ts"
import type { ConfigSource } from "./config/ConfigSource.ts"
import type { Environment } from "./config/environment.ts"
import type { LogThreshold } from "./LogThreshold.ts"
import { namesByClients, rehearsal } from "./rehearsal.ts"
import type { InForce } from "./Reload.ts"
import * as ReloadFile from "./Reload.ts"
import { Reload } from "./Reload.ts"

export interface ControlOptions {
  readonly source: ConfigSource
  readonly environment: Environment
  readonly started: InForce
  /** The text of the source at the start. */
  readonly text: string
  readonly threshold: LogThreshold
}

/** A core that fails while it gets an order starts afresh. The caller waits no longer than this. */
const CORE_TIMEOUT = Duration.seconds(5)

export const layer = ({ threshold, ...options }: ControlOptions) =>
  Layer.effectContext(Effect.gen(function* () {
    const engine = yield* Engine
    const acceptor = yield* Acceptor
    const facts = yield* Facts
    const { metering } = yield* Telemetry
    const reload = yield* ReloadFile.make({
      ...options,
      rebind: acceptor.rebind,
      tellCore: (config) => tellCore(engine, config),
      refused: (problems) => {
        metering?.entries.reloads("refused")(1)
        return facts.tell("IpPoolConfigUpdate", { upstream: null, applied: false, problems })
      },
      setLogLevelUnsafe: (level) => threshold.set(level),
      rehearse: ({ core, listeners }) => rehearsal(core, namesByClients(listeners))
    })
    const control = Control.of({ reload: reload.now, ...actsOn(engine) })
    return Context.make(Control, control).pipe(Context.add(Reload, reload))
  }))

/** The orders that need no file. */
export const actsOn = (engine: Engine["Service"]): Omit<Control["Service"], "reload"> => ({
  // Clients that come after the answer find the order in force. A turn of the core takes a few milliseconds.
  setEnabled: (enabled) =>
    Effect.gen(function* () {
      engine.controlUnsafe({ _tag: "EnabledOverridden", worker: 0, enabled })
      while (engine.stateUnsafe().override !== enabled) yield* Effect.sleep(Duration.millis(1))
    }).pipe(Effect.timeoutOption(CORE_TIMEOUT), Effect.asVoid),
  refresh: (name) =>
    Effect.sync(() => {
      const upstream = name === undefined ? "all" : slotOf(engine.stateUnsafe().config, name)
      if (upstream === undefined) return false
      engine.controlUnsafe({ _tag: "RefreshRequested", worker: 0, upstream })
      return true
    })
})

/** Reloads on each order and whenever a watched file has changed, for as long as the scope lives. */
export const reloadOnDemand = Effect.fnUntraced(function* ({ watched }: ConfigSource, hangups: Stream.Stream<void>) {
  const reload = yield* Reload
  yield* Effect.forkScoped(Stream.runForEach(hangups, () => reload.now))
  if (watched === undefined) return
  yield* Effect.forkScoped(Stream.runForEach(watchFile(watched), () => reload.ifChanged))
})

/** Posts a configuration, and waits until the core confirms it. */
export const tellCore = (engine: Engine["Service"], config: Config): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const facts = yield* PubSub.subscribe(engine.facts)
    engine.controlUnsafe({ _tag: "ConfigChanged", worker: 0, config })
    while ((yield* PubSub.take(facts))._tag !== "ConfigApplied") continue
  }).pipe(Effect.scoped, Effect.interruptible, Effect.timeoutOption(CORE_TIMEOUT), Effect.map(Option.isSome))
