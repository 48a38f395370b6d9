/**
 * Makes a redacted copy of a record. Only a record that verifies is copied, because the copy of another one would have the same
 * fault.
 */
import * as Effect from "effect/Effect"
import { redactTo, roomAt } from "../adapters/file/redactRecord.ts"
import { Surveyor } from "../record/redact.ts"
import { UsageError } from "./exit.ts"
import { filesOf, readAll } from "./readSegments.ts"
import { progressLine } from "./terminal.ts"

/** The verdict on the copy, and what was replaced. For a refused record: its own verdict, and null. */
export const redactRecord = Effect.fnUntraced(function* (
  targets: ReadonlyArray<string>,
  until: number | undefined,
  out: string
) {
  const files = yield* filesOf(targets)
  if ((yield* roomAt(out)) === "taken") {
    return yield* new UsageError({ message: `--redact ${out}: this is not an empty directory: name a new one` })
  }
  if (files.some(({ segment }, i) => segment <= (files[i - 1]?.segment ?? 0))) {
    return yield* new UsageError({
      message: "--redact: the segments must come from one directory, in order: redact others separately"
    })
  }
  const surveyor = new Surveyor(until)
  yield* readAll(surveyor, files)
  const verdict = surveyor.verdict()
  if (verdict.outcome !== "verified") return { verdict, replaced: null }
  const progress = progressLine(`redacting to ${out}`)
  const copied = yield* redactTo(
    out,
    files,
    surveyor,
    (doing, { segment }, bytes) => progress.show(`${doing}, segment ${segment}, ${Math.round(bytes / 1048576)} MiB`)
  )
  progress.clear()
  return copied
})
