/** What the service logs while the demo plays: warnings only, and never into a screen that is being drawn. */
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
    (held) => Effect.sync(() => held.forEach((line) => console.error(line)))
  ),
  (held) =>
    Layer.merge(
      Logger.layer([Logger.map(Logger.formatLogFmt, (line) => {
        if (held.length < MOST_HELD) held.push(line)
      })]),
      level
    )
))
