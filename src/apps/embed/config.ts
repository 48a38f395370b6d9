/** The configuration of a program that embeds Fairlead: the keys of the file as a plain object, with the checks of the file. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import process from "node:process"
import { withAuthorities } from "../config/authorities.ts"
import type { Parsed } from "../config/parse.ts"
import { parseSource } from "../config/parse.ts"
import { isPlain } from "../config/plain.ts"
import type { Problem } from "../config/Problem.ts"
import { render } from "../config/Problem.ts"
import type { InForce } from "../Reload.ts"
import type { FairleadConfig } from "./FairleadConfig.ts"
import { NOT_FOR_PROGRAMS, PRESETS } from "./presets.ts"

/** The configuration is not valid. Nothing was started or changed. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  /** All problems. */
  problems: Schema.Array(Schema.Struct({
    /** `upstreams.web.port` */
    path: Schema.String,
    /** A description of valid values. */
    expected: Schema.String,
    message: Schema.String
  }))
}) {
  override get message(): string {
    return this.problems.map(({ path, message }) => `config${path === "" ? "" : ` ${path}`}: ${message}`).join("\n")
  }
}

export interface Decoded extends InForce {
  /** Whole sentences. */
  readonly warnings: ReadonlyArray<string>
}

const NOWHERE = { line: undefined, column: undefined }

/** Values of `${NAME}` and the OTEL_* variables come from the environment, as in a file. */
export const decode = (config: FairleadConfig): Effect.Effect<Decoded, ConfigError> =>
  Effect.gen(function* () {
    const plain = plainOf(config)
    if (typeof plain === "string") return yield* failed([{ path: "", expected: "a plain object", message: plain }])
    const own = commandsOwn(plain)
    if (own.length > 0) return yield* failed(own)
    const parsed: Parsed = parseSource(
      { value: withDefaults(plain), broken: [], repeated: [], warnings: [], locationOf: () => NOWHERE },
      process.env,
      true
    )
    const { settings, effective, problems, warnings } = yield* withAuthorities(parsed)
    if (settings === undefined) return yield* failed(problems)
    return { settings, effective, warnings: warnings.map((warning) => render("config", warning)) }
  })

function failed(problems: ReadonlyArray<Pick<Problem, "path" | "expected" | "message">>) {
  return Effect.fail(
    new ConfigError({ problems: problems.map(({ path, expected, message }) => ({ path, expected, message })) })
  )
}

/** A copy that consists of plain values. A text says why there is none. */
function plainOf(config: unknown): Record<string, unknown> | string {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(config ?? null))
    return isPlain(copy) ? copy : "expected a plain object of keys and values"
  } catch (cause) {
    return `expected a plain object of keys and values: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

function commandsOwn(config: Record<string, unknown>) {
  return NOT_FOR_PROGRAMS.filter((key) => key in config).map((path) => ({
    path,
    expected: "nothing",
    message: "is for the command only and has no effect in a program: take it out"
  }))
}

function withDefaults(config: Record<string, unknown>): Record<string, unknown> {
  const preset = Object.entries(PRESETS).map(([key, defaults]) => {
    const section = config[key] ?? {}
    return [key, isPlain(section) ? { ...defaults, ...section } : section]
  })
  return { ...config, ...Object.fromEntries(preset) }
}
