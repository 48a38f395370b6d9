/** Feeds segments on disk, plain or compressed, to a replay or another reader, in pieces of bounded size. */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { pipeline } from "node:stream"
import { setImmediate as pause } from "node:timers/promises"
import * as zlib from "node:zlib"
import { segmentOf } from "../../record/Segment.ts"
import { RecordError } from "../../shell/errors.ts"
import type { SegmentFile } from "./segments.ts"
import { isGone, list } from "./segments.ts"

const READ_BYTES = 1_048_576
const NEWLINE = 10

/** A reader of the lines of segments, such as `Replay`. */
export interface LineReader {
  readonly segment: (segment: number) => void
  readonly line: (text: string) => void
  readonly segmentEnd: (torn: number, intact: boolean) => void
  /** true: the reader wants no further lines. */
  readonly done: boolean
  /** Awaited after each piece, so that a reader that writes gets no more than it can write. */
  readonly digested?: () => Promise<void>
}

/** The segments at a path: all of a directory, or the one file. */
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

/** Feeds one segment file to a reader. `progress` gets the number of bytes read. */
export const feed = (
  reader: LineReader,
  file: SegmentFile,
  progress: (bytes: number) => void
): Effect.Effect<void, RecordError> =>
  Effect.tryPromise({
    try: (signal) => read(reader, file, progress, signal),
    catch: (cause) =>
      new RecordError({ path: file.path, code: (cause as NodeJS.ErrnoException).code ?? String(cause), doing: "read" })
  })

export async function read(
  reader: LineReader,
  file: SegmentFile,
  progress: (bytes: number) => void,
  signal: AbortSignal
): Promise<void> {
  reader.segment(file.segment)
  try {
    await feedLines(reader, file, progress, signal)
  } catch (cause) {
    if (file.compressed || !isGone(cause)) throw cause
    // A service compresses segments while it runs: this one since it was listed.
    const compressed = { ...file, path: `${file.path}.gz`, compressed: true }
    await feedLines(reader, compressed, progress, signal).catch((again) => Promise.reject(isGone(again) ? cause : again))
  }
}

async function feedLines(
  reader: LineReader,
  file: SegmentFile,
  progress: (bytes: number) => void,
  signal: AbortSignal
): Promise<void> {
  const source = fs.createReadStream(file.path, { highWaterMark: READ_BYTES })
  let rest: Buffer = Buffer.alloc(0)
  let intact = true
  // With `pipe` an error of the source would never end the iteration.
  const plain = file.compressed ? pipeline(source, zlib.createGunzip(), () => {}) : source
  try {
    for await (const chunk of plain) {
      rest = linesIn(rest.length === 0 ? chunk as Buffer : Buffer.concat([rest, chunk as Buffer]), reader)
      await reader.digested?.()
      progress(source.bytesRead)
      if (reader.done) break
      await pause(undefined, { signal })
    }
  } catch (cause) {
    if (!file.compressed || signal.aborted || !isDamage(cause)) throw cause
    intact = false
  } finally {
    source.destroy()
  }
  reader.segmentEnd(rest.toString().length, intact)
}

/**
 * Feeds the whole lines, and gives the rest. Each line is decoded by itself: parts of one long text keep a reference to it,
 * which makes their chain cost twice as much.
 */
function linesIn(bytes: Buffer, reader: LineReader): Buffer {
  let start = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    // A byte order mark is text like any other. To skip it would hide a change.
    reader.line(bytes.toString("utf8", start, end))
    start = end + 1
  }
  return bytes.subarray(start)
}

function isDamage(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException).code ?? ""
  return code.startsWith("Z_") || code === "ERR_PADDING_2"
}
