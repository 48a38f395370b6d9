/** The log of a Fairlead in a program: silent, or passed to a function of the program. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { LogLine } from "./LogLine.ts"

/** In place of every logger that there is. */
export const loggers = (log: ((line: LogLine) => void) | undefined): Layer.Layer<never> =>
  Logger.layer(
    log === undefined ? [] : [
      Logger.map(Logger.formatStructured, ({ level, message, annotations, cause }) =>
        log({
          level: level.toLowerCase() as LogLine["level"],
          message: Array.isArray(message) ? message.map(String).join(" ") : String(message),
          details: cause === undefined ? annotations : { ...annotations, cause }
        }))
    ]
  )
