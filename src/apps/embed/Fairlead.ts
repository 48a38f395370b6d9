/** Fairlead inside a program: the service without listeners. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { newRun } from "../../adapters/node/entropy.ts"
import type { BindError } from "../../plane/ports/errors.ts"
import type { Run } from "../../record/Segment.ts"
import { Control } from "../../shell/Control.ts"
import { Engine } from "../../shell/Engine.ts"
import type { ExposedError, RecordError } from "../../shell/errors.ts"
import { actsOn } from "../control.ts"
import { embedded } from "../Live.ts"
import type { InForce } from "../Reload.ts"
import type { ConfigError } from "./config.ts"
import { decode } from "./config.ts"
import type { FairleadConfig } from "./FairleadConfig.ts"
import type { FairleadService } from "./FairleadService.ts"
import type { Part, Parts } from "./parts.ts"
import { partsOf } from "./parts.ts"
import { running } from "./running.ts"

export class Fairlead extends Context.Service<Fairlead, FairleadService>()("fairlead/Fairlead") {
  /**
   * Starts to probe at once. Binds and opens `listeners`, `admin` and `eventLog` where the configuration has them. All
   * connections end with the layer.
   */
  static readonly layer = (
    config: FairleadConfig
  ): Layer.Layer<Fairlead, ConfigError | BindError | ExposedError | RecordError> => Fairlead.layerWith(config, {})

  /** The same with parts of the program's own. They end after Fairlead has. */
  static readonly layerWith = <E = never, R = never>(
    config: FairleadConfig,
    parts: Parts<E, R>
  ): Layer.Layer<Fairlead, ConfigError | BindError | ExposedError | RecordError | E, R> =>
    started(config, (inForce, run) => Layer.provide(layerOf(inForce, run), partsOf(inForce.settings, run, parts)))

  /** The same with every part as a requirement. */
  static readonly layerNoDeps = (
    config: FairleadConfig
  ): Layer.Layer<Fairlead, ConfigError | BindError | ExposedError, Part> => started(config, layerOf)
}

const started = <E, R>(config: FairleadConfig, layer: (started: InForce, run: Run) => Layer.Layer<Fairlead, E, R>) =>
  Layer.unwrap(Effect.gen(function* () {
    const { warnings, ...inForce } = yield* decode(config)
    yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true })
    return layer(inForce, newRun())
  }))

const layerOf = (started: InForce, run: Run) =>
  Layer.effect(Fairlead, running(started)).pipe(Layer.provide(embedded(started.settings, orders, run)))

/** The orders that the admin port may give. A program has no file that could be read anew. */
const orders = Layer.effect(
  Control,
  Effect.map(Engine, (engine) =>
    Control.of({
      ...actsOn(engine),
      reload: Effect.succeed({
        applied: false,
        problems: ["there is no file to read: the program that embeds Fairlead holds the configuration and can call reload"],
        warnings: []
      })
    }))
)
