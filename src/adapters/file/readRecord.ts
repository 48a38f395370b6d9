/** Feeds segments from disk to a replay, plain or compressed, in pieces of bounded size. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { setImmediate as pause } from "node:timers/promises"
import * as zlib from "node:zlib"
import type { Replay } from "../../log/replay.ts"
import { segmentOf } from "../../log/Segment.ts"
import { RecordError } from "../../shell/errors.ts"
import type { SegmentFile } from "./segments.ts"
import { list } from "./segments.ts"

const READ_BYTES = 1_048_576

/** The segments a path stands for: those of a directory, or the one file. */
export const segmentsAt = (target: string): Effect.Effect<ReadonlyArray<SegmentFile>, RecordError> =>
  Effect.tryPromise({
    try: async () => {
      if ((await fsp.stat(target)).isDirectory()) return list(target)
      const segment = segmentOf(path.basename(target))
      if (segment === undefined) throw Object.assign(new Error(), { code: "not a segment: NNNNNNNN.ndjson or .ndjson.gz" })
      return [{ segment, path: target, compressed: target.endsWith(".gz") }]
    },
    catch: (cause) =>
      new RecordError({ path: target, code: (cause as NodeJS.ErrnoException).code ?? String(cause), doing: "read" })
  })

/** Replays one segment file; told `progress` in bytes read. */
export const feed = (
  replay: Replay,
  file: SegmentFile,
  progress: (bytes: number) => void
): Effect.Effect<void, RecordError> =>
  Effect.tryPromise({
    try: (signal) => read(replay, file, progress, signal),
    catch: (cause) =>
      new RecordError({ path: file.path, code: (cause as NodeJS.ErrnoException).code ?? String(cause), doing: "read" })
  })

async function read(
  replay: Replay,
  file: SegmentFile,
  progress: (bytes: number) => void,
  signal: AbortSignal
): Promise<void> {
  replay.segment(file.segment)
  // A byte order mark is text like any other here: hiding it would hide a change.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  const source = fs.createReadStream(file.path, { highWaterMark: READ_BYTES })
  let rest = ""
  let intact = true
  try {
    for await (const chunk of file.compressed ? source.pipe(zlib.createGunzip()) : source) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) replay.line(line)
      progress(source.bytesRead)
      if (replay.done) break
      await pause(undefined, { signal })
    }
  } catch (cause) {
    if (!file.compressed || signal.aborted || !isDamage(cause)) throw cause
    intact = false
  } finally {
    source.destroy()
  }
  replay.segmentEnd(rest.length, intact)
}

function isDamage(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code ?? ""
  return code.startsWith("Z_") || code === "ERR_PADDING_2"
}
