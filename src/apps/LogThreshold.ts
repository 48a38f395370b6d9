/** The lowest severity that is logged. A reload may change it at any time. */
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { Settings } from "./config/Settings.ts"

const LEVELS = { debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const

export type Threshold = Settings["log"]["level"]

export class LogThreshold {
  #level: LogLevel.LogLevel

  constructor(level: Threshold) {
    this.#level = LEVELS[level]
  }

  set(level: Threshold): void {
    this.#level = LEVELS[level]
  }

  allows(level: Threshold): boolean {
    return LogLevel.isGreaterThanOrEqualTo(LEVELS[level], this.#level)
  }

  /** The same logger, silent below the threshold. */
  over<Message, Output>(logger: Logger.Logger<Message, Output>): Logger.Logger<Message, Output | undefined> {
    return Logger.make((options) =>
      LogLevel.isGreaterThanOrEqualTo(options.logLevel, this.#level) ? logger.log(options) : undefined
    )
  }
}
