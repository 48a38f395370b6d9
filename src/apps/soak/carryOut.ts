/** Carries out a soak: it plays, replays the records, judges, and writes the report, also on the way. */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as path from "node:path"
import process from "node:process"
import { ownDirectory } from "../../adapters/demo/directory.ts"
import * as Screen from "../../adapters/demo/Screen.ts"
import * as warnings from "../demo/warnings.ts"
import { Ended } from "../exit.ts"
import { howToRun } from "../howToRun.ts"
import { verify } from "../replay.ts"
import type { Ran } from "./findings.ts"
import { findingsOf } from "./findings.ts"
import { writeReport } from "./files.ts"
import { joined } from "./joined.ts"
import type { Played } from "./play.ts"
import { play } from "./play.ts"
import { tellerOf } from "./progress.ts"
import type { Network, Report } from "./Report.ts"
import { reportText } from "./reportText.ts"
import type { Sections } from "./settings.ts"
import type { Limits } from "./verdict.ts"
import { codeOf, comparedWith, verdictOf } from "./verdict.ts"

export interface Wanted {
  readonly durationMs: number
  readonly seed: number
  readonly perSecond: number
  readonly user: Sections
  readonly limits: Limits
  readonly baseline: Report | undefined
  /** The part that ended early. */
  readonly earlier: Report | undefined
  /** A directory. */
  readonly report: string | undefined
  readonly json: boolean
  /** The lab that this process is in. */
  readonly lab: string | undefined
}

/** The report on the way is for a machine that fails: what it shows is lost at most. */
const WRITE_EVERY_MS = 300_000

/** However the soak ends, a signal included, the records are then replayed and the report is written. */
export const carryOut = (wanted: Wanted) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { durationMs, json, earlier } = wanted
      const directory = yield* ownDirectory("soak")
      const records = { service: path.join(directory, "service"), embedded: path.join(directory, "embedded") }
      let played: Played | undefined
      let ranMs = earlier?.ranMs ?? 0
      const teller = tellerOf(json, durationMs, () => played)
      const untilNow = () => Math.min(durationMs, played?.nowMs() ?? ranMs)
      const onTheWay = Effect.suspend(() =>
        played === undefined || wanted.report === undefined
          ? Effect.void
          : writeReport(wanted.report, reportOf(played, wanted, { ranMs: untilNow(), complete: false }))
      )
      const onStage = Effect.ensuring(
        Effect.scoped(Effect.gen(function* () {
          yield* teller.start
          yield* Effect.forkScoped(
            Effect.forever(Effect.andThen(Effect.sleep(WRITE_EVERY_MS), Effect.ignore(onTheWay, { log: "Warn" })))
          )
          const environment = process.env
          yield* play(
            { ...wanted, fromMs: earlier?.ranMs ?? 0, environment, records, tell: teller.tell },
            (opened) => (played = opened)
          )
        })),
        Effect.sync(() => (ranMs = untilNow()))
      ).pipe(Effect.provide(warnings.atTheEnd))
      const ended = yield* Effect.exit(restore(onStage))
      const hasFailed = Exit.isFailure(ended) && !Cause.hasInterruptsOnly(ended.cause)
      if (played === undefined || hasFailed) return yield* ended
      const verdicts = {
        service: yield* verify([records.service], undefined),
        embedded: yield* verify([records.embedded], undefined)
      }
      const report = reportOf(played, wanted, { ranMs, complete: Exit.isSuccess(ended), verdicts })
      yield* conclude(report, wanted, directory)
    })
  )

export function networkOf(lab: string | undefined): Network {
  return lab === undefined ? "loopback" : "lab"
}

function reportOf(
  played: Played,
  { seed, perSecond, durationMs, user, limits, earlier, baseline, lab }: Wanted,
  ran: Pick<Ran, "ranMs" | "complete" | "verdicts">
): Report {
  const part = findingsOf(played, {
    seed,
    perSecond,
    plannedMs: durationMs,
    taken: Object.keys(user),
    network: networkOf(lab),
    ...ran
  })
  const findings = earlier === undefined ? part : joined(earlier, part)
  const verdict = verdictOf(findings, limits)
  return { ...findings, verdict, baseline: baseline === undefined ? null : comparedWith(baseline, verdict, findings) }
}

const conclude = Effect.fnUntraced(function* (report: Report, { report: into, json, lab }: Wanted, directory: string) {
  const written = into === undefined ? [] : yield* writeReport(into, report)
  if (json) yield* Console.log(JSON.stringify(report, null, 2))
  else {
    yield* Console.log(`\n${reportText(report, Screen.hasColour())}`)
    yield* Console.log(`The records of this run: ${howToRun(`replay ${path.join(directory, "service")}`)}`)
    for (const file of written) yield* Console.log(`Written: ${file}`)
    if (!report.complete && into !== undefined) {
      yield* Console.log(`To go on: ${howToRun(`soak --resume ${into}${lab === undefined ? "" : " --lab"}`)}`)
    }
  }
  const code = codeOf(report)
  // After a signal nothing but this code is left of the failure.
  process.exitCode = code
  if (code !== 0) return yield* new Ended({ code })
})
