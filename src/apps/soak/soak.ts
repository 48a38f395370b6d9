/** `fairlead soak`: mixed load with faults against local upstreams, beside a control group, and a verdict. */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as path from "node:path"
import process from "node:process"
import { ownDirectory } from "../../adapters/demo/directory.ts"
import * as Screen from "../../adapters/demo/Screen.ts"
import { parseDuration } from "../../core/schema/units.ts"
import { configFlag } from "../configFlag.ts"
import * as warnings from "../demo/warnings.ts"
import { Ended, UsageError } from "../exit.ts"
import { pathFlag } from "../pathParam.ts"
import { verify } from "../replay.ts"
import { findingsOf } from "./findings.ts"
import { baselineIn, limitsIn, sectionsIn, writeReport } from "./files.ts"
import type { Played } from "./play.ts"
import { play } from "./play.ts"
import { tellerOf } from "./progress.ts"
import type { Report } from "./Report.ts"
import { reportText } from "./reportText.ts"
import type { Sections } from "./settings.ts"
import type { Limits } from "./verdict.ts"
import { codeOf, comparedWith, verdictOf } from "./verdict.ts"

const LEAST_MS = 5_000
const MOST_MS = 30 * 86_400_000
const PER_SECOND = 24

const duration = Flag.String("duration").pipe(
  Flag.withDescription("How long, from 5s to 30d. Below 10m the service's intervals shrink with it"),
  Flag.withMetavar("TIME"),
  Flag.withDefault("60s")
)
const report = pathFlag("report").pipe(
  Flag.withDescription("Directory for report.json and report.html; it is made if need be"),
  Flag.withMetavar("DIR"),
  Flag.optional
)
const seed = Flag.Int("seed").pipe(
  Flag.withDescription("Seed of the arrivals, of the jitter and of the schedule of faults"),
  Flag.withMetavar("N"),
  Flag.withDefault(1)
)
const rate = Flag.Int("rate").pipe(
  Flag.filter((value) => value >= 1 && value <= 1_000, () => "a whole number from 1 to 1000"),
  Flag.withDescription("Clients a second, and as many of the control group"),
  Flag.withMetavar("N"),
  Flag.withDefault(PER_SECOND)
)
const thresholds = pathFlag("thresholds").pipe(
  Flag.withDescription("File (YAML) with other limits than the defaults: NAME: NUMBER, or NAME: off"),
  Flag.withMetavar("FILE"),
  Flag.optional
)
const baseline = pathFlag("baseline").pipe(
  Flag.withDescription("An earlier report.json: what got worse by more than its tolerance counts as not ready"),
  Flag.withMetavar("FILE"),
  Flag.optional
)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print nothing but the report as one JSON document at the end"),
  Flag.withDefault(false)
)

export const soak = Command.make(
  "soak",
  { config: configFlag, duration, report, seed, rate, thresholds, baseline, json },
  Effect.fnUntraced(function* (flags) {
    const durationMs = parseDuration(flags.duration)
    if (durationMs === undefined || durationMs < LEAST_MS || durationMs > MOST_MS) {
      return yield* new UsageError({
        message: `--duration ${flags.duration}: expected a duration from 5s to 30d, such as 60s or 24h`
      })
    }
    const user = Option.isSome(flags.config) ? yield* sectionsIn(flags.config.value, process.env) : {}
    const limits = Option.isSome(flags.thresholds) ? yield* limitsIn(flags.thresholds.value) : {}
    const before = Option.isSome(flags.baseline) ? yield* baselineIn(flags.baseline.value) : undefined
    yield* perform({
      durationMs,
      seed: flags.seed,
      perSecond: flags.rate,
      user,
      limits,
      before,
      report: Option.getOrUndefined(flags.report),
      json: flags.json
    })
  })
).pipe(
  Command.withDescription(
    "Run the service under mixed load with faults against local upstreams, beside a control group without Fairlead, and say "
      + "whether it is ready. Needs no network and no rights. Ctrl-C ends it early with a report of what was seen. "
      + "Exit code 0: ready, 3: not ready, 4: cannot be judged, because it was ended early or the machine was too busy"
  ),
  Command.withShortDescription("Load, faults and a verdict: is it ready?"),
  Command.withExamples([
    { command: "fairlead soak", description: "One minute" },
    { command: "fairlead soak --duration 24h --report soak", description: "A day, with soak/report.html" },
    { command: "fairlead soak --config fairlead.yaml", description: "With the probing, scoring, pool ... of your file" },
    { command: "fairlead soak --baseline soak/report.json", description: "What got worse since then" }
  ])
)

interface Wanted {
  readonly durationMs: number
  readonly seed: number
  readonly perSecond: number
  readonly user: Sections
  readonly limits: Limits
  readonly before: Report | undefined
  readonly report: string | undefined
  readonly json: boolean
}

/** However the soak ends, a signal included, the records are then replayed and the report is written. */
const perform = (wanted: Wanted) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { durationMs, seed, perSecond, user, json } = wanted
      const directory = yield* ownDirectory("soak")
      const records = { service: path.join(directory, "service"), embedded: path.join(directory, "embedded") }
      let played: Played | undefined
      let ranMs = 0
      const teller = tellerOf(json, durationMs, () => played)
      const onStage = Effect.ensuring(
        Effect.scoped(Effect.gen(function* () {
          yield* teller.start
          const environment = process.env
          yield* play(
            { durationMs, seed, perSecond, user, environment, records, tell: teller.tell },
            (opened) => (played = opened)
          )
        })),
        Effect.sync(() => (ranMs = Math.min(durationMs, played?.nowMs() ?? 0)))
      ).pipe(Effect.provide(warnings.atTheEnd))
      const ended = yield* Effect.exit(restore(onStage))
      const hasFailed = Exit.isFailure(ended) && !Cause.hasInterruptsOnly(ended.cause)
      if (played === undefined || hasFailed) return yield* ended
      const verdicts = {
        service: yield* verify([records.service], undefined),
        embedded: yield* verify([records.embedded], undefined)
      }
      const complete = Exit.isSuccess(ended)
      const ran = { seed, plannedMs: durationMs, ranMs, complete, taken: Object.keys(user), verdicts }
      yield* conclude(findingsOf(played, ran), wanted, directory)
    })
  )

const conclude = Effect.fnUntraced(function* (
  findings: ReturnType<typeof findingsOf>,
  { limits, before, report: into, json }: Wanted,
  directory: string
) {
  const verdict = verdictOf(findings, limits)
  const compared = before === undefined ? null : comparedWith(before, verdict, findings)
  const report: Report = { ...findings, verdict, baseline: compared }
  const written = into === undefined ? [] : yield* writeReport(into, report)
  if (json) yield* Console.log(JSON.stringify(report, null, 2))
  else {
    yield* Console.log(`\n${reportText(report, Screen.hasColour())}`)
    yield* Console.log(`The records of this run: fairlead replay ${path.join(directory, "service")}`)
    for (const file of written) yield* Console.log(`Written: ${file}`)
  }
  const code = codeOf(report)
  // After a signal nothing but this code is left of the failure.
  process.exitCode = code
  if (code !== 0) return yield* new Ended({ code })
})
