/** How the commands about a record begin: they list its segments in order, and read them with a progress line. */
import * as Effect from "effect/Effect"
import type { LineReader } from "../adapters/file/readRecord.ts"
import { feed, segmentsAt } from "../adapters/file/readRecord.ts"
import type { SegmentFile } from "../adapters/file/segments.ts"
import { UsageError } from "./exit.ts"
import { progressLine } from "./terminal.ts"

/** The segments of all targets. Fails with wrong usage where there are none. */
export const filesOf = Effect.fnUntraced(function* (targets: ReadonlyArray<string>) {
  const files = (yield* Effect.forEach(targets, segmentsAt)).flat()
  if (files.length > 0) return files
  return yield* new UsageError({
    message: `no segments (NNNNNNNN.ndjson) in ${targets.join(", ")}: name the directory of a record`
  })
})

/** Feeds the segments to a reader until it is done. */
export const readAll = Effect.fnUntraced(function* (reader: LineReader, files: ReadonlyArray<SegmentFile>) {
  const progress = progressLine("replaying")
  for (const [i, file] of files.entries()) {
    yield* feed(
      reader,
      file,
      (bytes) => progress.show(`segment ${i + 1} of ${files.length}, ${Math.round(bytes / 1048576)} MiB`)
    )
    if (reader.done) break
  }
  progress.clear()
})
