/** `fairlead replay`: verifies a record, entry by entry. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { feed, segmentsAt } from "../adapters/file/readRecord.ts"
import { Replay } from "../log/replay.ts"
import type { Verdict } from "../log/Verdict.ts"
import { exitCode } from "../log/Verdict.ts"
import { Ended, UsageError } from "./exit.ts"
import { pathArgument } from "./pathParam.ts"
import { renderVerdict } from "./replayText.ts"
import { progressLine } from "./terminal.ts"

const targets = pathArgument("record").pipe(
  Argument.withDescription("Directory of a record, or single segments of it, in order"),
  Argument.variadic({ min: 1 })
)
const until = Flag.Int("until").pipe(
  Flag.withDescription("Stop after this entry"),
  Flag.withMetavar("SEQ"),
  Flag.optional
)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the verdict as one JSON document, the same bytes on every machine"),
  Flag.withDefault(false)
)

export const replay = Command.make(
  "replay",
  { targets, until, json },
  ({ targets, until, json }) =>
    Effect.gen(function* () {
      const verdict = yield* verify(targets, Option.getOrUndefined(until))
      yield* Console.log(json ? JSON.stringify(verdict, null, 2) : renderVerdict(verdict))
      const code = exitCode(verdict)
      if (code !== 0) return yield* new Ended({ code })
    })
).pipe(
  Command.withDescription("Replay a record and verify its decisions"),
  Command.withExamples([
    { command: "fairlead replay ~/.local/state/fairlead/log", description: "Verify what was recorded" },
    { command: "fairlead replay DIR --until 4000 --json", description: "Up to one entry, for a script" }
  ])
)

/** Replays all segments of all targets in the order given. */
export const verify = Effect.fnUntraced(function* (targets: ReadonlyArray<string>, until: number | undefined) {
  const replay = new Replay(until === undefined ? {} : { until })
  const files = (yield* Effect.forEach(targets, segmentsAt)).flat()
  if (files.length === 0) return yield* new UsageError({ message: `no segments (NNNNNNNN.ndjson) in ${targets.join(", ")}` })
  const progress = progressLine("replaying")
  for (const [i, file] of files.entries()) {
    yield* feed(
      replay,
      file,
      (bytes) => progress.show(`segment ${i + 1} of ${files.length}, ${Math.round(bytes / 1048576)} MiB`)
    )
    if (replay.done) break
  }
  progress.clear()
  return replay.verdict() satisfies Verdict
})
