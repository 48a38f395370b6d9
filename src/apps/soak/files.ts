/** The files that a soak reads and writes. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as path from "node:path"
import type { Environment } from "../config/environment.ts"
import { parseSource } from "../config/parse.ts"
import { render } from "../config/Problem.ts"
import { readText } from "../config/readConfig.ts"
import { readYaml } from "../config/yamlSource.ts"
import { UsageError } from "../exit.ts"
import { Report } from "./Report.ts"
import { reportHtml } from "./reportHtml.ts"
import { takenFrom } from "./settings.ts"
import type { Limits } from "./verdict.ts"
import { THRESHOLDS } from "./thresholds.ts"

/** The sections of a configuration that the soak takes over. The file has to be right as a whole. */
export const sectionsIn = Effect.fnUntraced(function* (file: string, environment: Environment) {
  const source = readYaml(yield* readText(file))
  const { problems } = parseSource(source, environment, true)
  if (problems.length > 0) return yield* wrong(problems.map((problem) => render(file, problem)))
  return takenFrom(readYaml(yield* readText(file)).value)
})

export const limitsIn = Effect.fnUntraced(function* (file: string) {
  const { value, broken } = readYaml(yield* readText(file))
  if (broken.length > 0) return yield* wrong(broken.map((problem) => render(file, problem)))
  const written = typeof value === "object" && value !== null ? Object.entries(value) : []
  const known = THRESHOLDS.map(({ id }) => id)
  const problems = written.flatMap(([id, limit]) => {
    if (!known.includes(id)) return [`${file}: ${id}: there is no such threshold; there are ${known.join(", ")}`]
    return isLimit(limit) ? [] : [`${file}: ${id}: expected a number or off, found ${JSON.stringify(limit)}`]
  })
  if (problems.length > 0) return yield* wrong(problems)
  const limits: Limits = Object.fromEntries(written.map(([id, limit]) => [id, typeof limit === "number" ? limit : null]))
  return limits
})

/** YAML 1.2 reads `off` as a text. */
function isLimit(value: unknown): boolean {
  return value === "off" || value === false || (typeof value === "number" && Number.isFinite(value))
}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Report))

export const baselineIn = Effect.fnUntraced(function* (file: string) {
  const text = yield* readText(file)
  return yield* Effect.mapError(
    decode(text),
    () => new UsageError({ message: `${file} is no report of fairlead soak: name a report.json` })
  )
})

const wrong = (problems: ReadonlyArray<string>) => new UsageError({ message: problems.join("\n") })

/** Readable by its owner alone. Gives the paths. */
export const writeReport = Effect.fnUntraced(function* (directory: string, report: Report) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(directory, { recursive: true })
  const files = [
    { name: path.join(directory, "report.json"), text: `${JSON.stringify(report, null, 2)}\n` },
    { name: path.join(directory, "report.html"), text: reportHtml(report) }
  ]
  for (const { name, text } of files) {
    yield* fs.writeFileString(name, text, { mode: 0o600 })
    yield* fs.chmod(name, 0o600)
  }
  return files.map(({ name }) => name)
})
