/** The log as a layer: lines of text or JSON from a level on, to a standard stream or a file. */
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import process from "node:process"
import { LineWriter } from "./LineWriter.ts"
import { withoutSecrets } from "./withoutSecrets.ts"

export interface LogOptions {
  /** The lowest level that is logged. It may change at any time. */
  readonly threshold: Threshold
  readonly format: "text" | "json"
  /** `stderr`, `stdout`, or the path of a file. */
  readonly output: string
  /** Bytes that may wait for a slow disk. Beyond that, lines are lost and counted. */
  readonly buffer: number
  /** Time in ms that the disk of a file has for an answer. */
  readonly timeout: number
  /** Texts that are blanked in every line. */
  readonly secrets: ReadonlyArray<string>
}

export interface Threshold {
  /** The same logger, silent below the threshold. */
  readonly over: <Message, Output>(logger: Logger.Logger<Message, Output>) => Logger.Logger<Message, Output | undefined>
}

/** Time in ms that the end of the service gives the last lines. */
const LAST_LINES_MS = 1_000

/** One JSON object a line: ts, level, msg and fields, with the cause where there is one. */
const jsonLine = Logger.map(
  Logger.formatStructured,
  ({ timestamp, level, message, annotations, cause }) =>
    Formatter.formatJson({
      ts: timestamp,
      level: level.toLowerCase(),
      msg: Array.isArray(message) ? message.map(text).join(" ") : text(message),
      fields: annotations,
      ...(cause === undefined ? {} : { cause })
    })
)

function text(message: unknown): string {
  return typeof message === "string" ? message : Formatter.formatJson(message)
}

export const layer = ({ threshold, format, output, buffer, timeout, secrets }: LogOptions): Layer.Layer<never> => {
  const clean = withoutSecrets(secrets)
  const loggers = Effect.gen(function* () {
    const writer = new LineWriter({
      target: output === "stderr" ? 2 : output === "stdout" ? 1 : output,
      buffer,
      timeoutMs: timeout,
      onFailure: (message) => process.stderr.write(`fairlead: ${message}\n`),
      lostLine: (count) => lostLine(format, count)
    })
    const reopen = () => writer.reopen()
    process.on("SIGHUP", reopen)
    yield* Effect.addFinalizer(() =>
      Effect.promise(() => {
        process.off("SIGHUP", reopen)
        return writer.close(LAST_LINES_MS)
      })
    )
    const lines = threshold.over(format === "json" ? jsonLine : Logger.formatLogFmt)
    return Logger.map(lines, (line) => line === undefined ? undefined : writer.take(clean(line)))
  })
  return Layer.merge(
    Logger.layer([loggers]),
    Layer.succeed(References.MinimumLogLevel, "Debug")
  )
}

function lostLine(format: LogOptions["format"], lines: number): string {
  const ts = new Date().toISOString()
  const msg = "log lines were lost"
  return format === "json"
    ? JSON.stringify({ ts, level: "warn", msg, fields: { lines } })
    : `timestamp=${ts} level=WARN message=${JSON.stringify(msg)} lines=${lines}`
}
