/** What the service logs while the demo plays: warnings alone, and never into a screen that is being drawn. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

const MOST_HELD = 100

const level = Layer.succeed(References.MinimumLogLevel, "Warn")

/** To stderr as they come. */
export const atOnce = Layer.merge(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]), level)

/** To stderr when the scope ends, the first hundred of them. */
export const atTheEnd = Layer.unwrap(Effect.map(
  Effect.acquireRelease(
    Effect.sync((): Array<string> => []),
    (lines) => Effect.sync(() => lines.forEach((line) => console.error(line)))
  ),
  (lines) =>
    Layer.merge(
      Logger.layer([Logger.map(Logger.formatLogFmt, (line) => {
        if (lines.length < MOST_HELD) lines.push(line)
      })]),
      level
    )
))
