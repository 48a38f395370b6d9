/** `fairlead replay`: verifies a record, entry by entry. With `--redact` it writes a copy without addresses and names. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Replay } from "../record/replay.ts"
import type { Verdict } from "../record/Verdict.ts"
import { exitCode } from "../record/Verdict.ts"
import { Ended, UsageError } from "./exit.ts"
import { pathArgument, pathFlag } from "./pathParam.ts"
import { filesOf, readAll } from "./readSegments.ts"
import { redactRecord } from "./redact.ts"
import { renderRedacted, renderVerdict } from "./replayText.ts"
import { whatIf } from "./whatIf/whatIf.ts"

const targets = pathArgument("record").pipe(
  Argument.withDescription("Directory of a record, or single segments of it, in order"),
  Argument.variadic({ min: 1 })
)
const until = Flag.Int("until").pipe(
  Flag.filter((seq) => seq >= 0, () => "an entry's number is 0 or more"),
  Flag.withDescription("Stop after this entry"),
  Flag.withMetavar("SEQ"),
  Flag.optional
)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the verdict as one JSON document, the same bytes on every machine"),
  Flag.withDefault(false)
)
const redact = pathFlag("redact").pipe(
  Flag.withDescription("Write a copy that verifies, without addresses and names, to this new or empty directory"),
  Flag.withMetavar("OUT"),
  Flag.optional
)

const config = pathFlag("config").pipe(
  Flag.withAlias("c"),
  Flag.withDescription("Run the record again under the settings of this file, and compare"),
  Flag.withMetavar("FILE"),
  Flag.optional
)
const html = pathFlag("html").pipe(
  Flag.withDescription("With --config: write the comparison as a report with plots to this file"),
  Flag.withMetavar("FILE"),
  Flag.optional
)

export const replay = Command.make(
  "replay",
  { targets, until, json, redact, config, html },
  ({ targets, until, json, redact, config, html }) =>
    Effect.gen(function* () {
      const last = Option.getOrUndefined(until)
      if (Option.isSome(config)) {
        if (Option.isSome(redact)) {
          return yield* new UsageError({
            message: "--config and --redact do not go together: redact first, and compare the copy"
          })
        }
        return yield* whatIf({ targets, until: last, file: config.value, json, html })
      }
      if (Option.isSome(html)) {
        return yield* new UsageError({ message: "--html needs --config FILE: the settings to compare with" })
      }
      const { verdict, text, more } = Option.isSome(redact)
        ? yield* redacted(targets, last, redact.value)
        : plain(yield* verify(targets, last))
      yield* Console.log(json ? JSON.stringify({ ...verdict, ...more }, null, 2) : text)
      const code = exitCode(verdict)
      if (code !== 0) return yield* new Ended({ code })
    })
).pipe(
  Command.withDescription(
    "Replay a record and verify its decisions. With --config: run it again under other settings, and compare"
  ),
  Command.withShortDescription("Replay a record and verify its decisions"),
  Command.withExamples([
    { command: "fairlead replay ~/.local/state/fairlead/log", description: "Verify what was recorded" },
    { command: "fairlead replay DIR --until 4000 --json", description: "Up to one entry, for a script" },
    {
      command: "fairlead replay DIR --config other.yaml --html report.html",
      description: "What other settings would have done"
    },
    { command: "fairlead replay DIR --redact OUT", description: "A copy to attach to a report" }
  ])
)

/** Replays all segments of all targets in the order of the arguments. */
export const verify = Effect.fnUntraced(function* (targets: ReadonlyArray<string>, until: number | undefined) {
  const replay = new Replay(until === undefined ? {} : { until })
  yield* readAll(replay, yield* filesOf(targets))
  return replay.verdict() satisfies Verdict
})

function plain(verdict: Verdict) {
  return { verdict, text: renderVerdict(verdict), more: {} }
}

const redacted = Effect.fnUntraced(function* (targets: ReadonlyArray<string>, until: number | undefined, out: string) {
  const { verdict, replaced } = yield* redactRecord(targets, until, out)
  return { verdict, text: renderRedacted(verdict, replaced, out), more: { redacted: replaced } }
})
