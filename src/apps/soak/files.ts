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
import type { Findings } from "./Report.ts"
import { networkIn, Report } from "./Report.ts"
import { reportHtml } from "./reportHtml.ts"
import { takenFrom } from "./settings.ts"
import type { Limits } from "./verdict.ts"
import { THRESHOLDS } from "./thresholds.ts"
import { VERSION } from "../version.ts"

const REPORT_JSON = "report.json"

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

export const reportIn = Effect.fnUntraced(function* (file: string) {
  const text = yield* readText(file)
  return yield* Effect.mapError(
    decode(text),
    () => new UsageError({ message: `${file} is no report of fairlead soak: name a report.json` })
  )
})

/** The report of a soak that ended early and may go on. `taken`: the sections of the file that is named now. */
export const unfinishedIn = Effect.fnUntraced(function* (
  directory: string,
  { taken, network }: Pick<Findings, "taken" | "network">
) {
  const file = path.join(directory, REPORT_JSON)
  const report = yield* reportIn(file)
  const why = report.complete
    ? "it is complete, so nothing is left to resume"
    : report.perSecond === undefined
    ? "an older version wrote it"
    : report.version !== VERSION
    ? `Fairlead ${report.version} began it, and this is ${VERSION}: a soak is of one version`
    : report.taken.join() !== taken.join()
    ? `it took [${report.taken.join(", ")}] from a file, and --config now gives [${taken.join(", ")}]: name the same file`
    : networkIn(report) !== network
    ? `it ran ${networkIn(report) === "lab" ? "with --lab: name it again" : "without --lab: leave it out"}`
    : undefined
  if (why !== undefined) return yield* wrong([`--resume ${file}: ${why}`])
  return { ...report, perSecond: report.perSecond ?? 0 }
})

const wrong = (problems: ReadonlyArray<string>) => new UsageError({ message: problems.join("\n") })

/** Makes the directory of a report. It is done before the soak, because a mistake here would be found out after days. */
export const prepare = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const probe = path.join(directory, `.${REPORT_JSON}`)
  yield* Effect.mapError(
    Effect.gen(function* () {
      yield* fs.makeDirectory(directory, { recursive: true })
      yield* fs.writeFileString(probe, "", { mode: 0o600 })
      yield* fs.remove(probe)
    }),
    ({ reason }) => new UsageError({ message: `--report ${directory}: no file can be written there: ${reason.message}` })
  )
})

/** Readable by its owner alone. A file is there whole or as it was. Gives the paths. */
export const writeReport = Effect.fnUntraced(function* (directory: string, report: Report) {
  const fs = yield* FileSystem.FileSystem
  const files = [
    { name: REPORT_JSON, text: `${JSON.stringify(report, null, 2)}\n` },
    { name: "report.html", text: reportHtml(report) }
  ]
  for (const { name, text } of files) {
    const next = path.join(directory, `.${name}`)
    yield* fs.writeFileString(next, text, { mode: 0o600 })
    yield* fs.chmod(next, 0o600)
    yield* fs.rename(next, path.join(directory, name))
  }
  return files.map(({ name }) => path.join(directory, name))
})
