/** The log: one line a message, to stderr, from the threshold up. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { LogThreshold } from "./LogThreshold.ts"

export const layer = (threshold: LogThreshold): Layer.Layer<never> =>
  Layer.merge(
    Logger.layer([threshold.over(Logger.withConsoleError(Logger.formatLogFmt))]),
    Layer.succeed(References.MinimumLogLevel, "Debug")
  )
