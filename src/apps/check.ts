/** `fairlead check`: checks a configuration and prints what is in force. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import process from "node:process"
import { stringify } from "yaml"
import { configFlag, wantedFile } from "./configFlag.ts"
import type { Parsed } from "./config/parse.ts"
import type { Problem } from "./config/Problem.ts"
import { render } from "./config/Problem.ts"
import type { ConfigReadError } from "./config/readConfig.ts"
import { readConfig } from "./config/readConfig.ts"
import { Ended } from "./exit.ts"

const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print one JSON document: ok, problems, warnings, notes, config"),
  Flag.withDefault(false)
)

export const check = Command.make("check", { config: configFlag, json }, ({ config, json }) =>
  Effect.gen(function* () {
    const file = yield* wantedFile("check", config)
    const read = readConfig(file, process.env)
    const parsed = yield* json
      ? Effect.catchTag(read, "ConfigReadError", (error) => Effect.succeed(unreadable(error)))
      : read
    yield* json ? Console.log(JSON.stringify(report(parsed), null, 2)) : printed(file, parsed)
    if (parsed.problems.length > 0) return yield* new Ended({ code: 2 })
  })).pipe(
    Command.withDescription(
      "Check a configuration and print what is in force: every default filled in, overrides applied, secrets as ***. "
        + "All mistakes are named at once, each with its line, and the exit code is 2. Nothing is bound and nothing is written"
    ),
    Command.withShortDescription("Check a configuration and print what is in force"),
    Command.withExamples([
      {
        command: "fairlead check --config fairlead.yaml",
        description: "Mistakes to stderr, the whole configuration to stdout"
      },
      { command: "fairlead check --config fairlead.yaml --json", description: "The same for a script or an editor" }
    ])
  )

const printed = Effect.fnUntraced(function* (file: string, { problems, warnings, notes, effective }: Parsed) {
  yield* tellAll(file, problems, warnings)
  yield* Effect.forEach(notes, (one) => Console.error(`note: ${render(file, one)}`), { discard: true })
  // Lists keep one address a line, and texts are not folded.
  if (problems.length === 0) yield* Console.log(stringify(effective, { lineWidth: 0 }).trimEnd())
})

/** Prints warnings and problems to stderr, one a line. */
export const tellAll = (file: string, problems: ReadonlyArray<Problem>, warnings: ReadonlyArray<Problem>) =>
  Effect.forEach(
    [...warnings.map((one) => `warning: ${render(file, one)}`), ...problems.map((one) => `error: ${render(file, one)}`)],
    (line) => Console.error(line),
    { discard: true }
  )

function report({ problems, warnings, notes, effective }: Parsed) {
  return {
    ok: problems.length === 0,
    problems: problems.map(shown),
    warnings: warnings.map(shown),
    notes: notes.map(shown),
    config: effective ?? null
  }
}

/** JSON has no undefined: an absent value becomes null, and an absent nearest name is left out. */
function shown({ line, column, path, value, expected, message, nearest }: Problem) {
  const known = { line: line ?? null, column: column ?? null, path, value: value ?? null, expected, message }
  return nearest === undefined ? known : { ...known, nearest }
}

function unreadable(error: ConfigReadError): Parsed {
  const problem = {
    line: undefined,
    column: undefined,
    path: "",
    value: undefined,
    expected: "a readable file",
    message: error.message,
    nearest: undefined
  }
  return { settings: undefined, problems: [problem], warnings: [], notes: [], effective: undefined, caFiles: [] }
}
