/** Replays a record from streams, in a browser, in a worker or on a server. */
import { Replay } from "../../record/replay.ts"
import type { Verdict } from "../../record/Verdict.ts"

const NEWLINE = 10
const MOST_BYTES = 268_435_456

/** One file of a record. */
export interface SegmentSource {
  /** The number in its name: 1 for `00000001.ndjson`. */
  readonly segment: number
  /** Its bytes. */
  readonly body: ReadableStream<Uint8Array>
  /** true: the bytes are compressed (`.ndjson.gz`); false by default. */
  readonly compressed?: boolean
}

export interface ReplayOptions {
  /** Bytes of all segments after decompression; 256 MiB by default. */
  readonly maxBytes?: number
  /** The last entry to replay. */
  readonly until?: number
}

/** The record has more bytes than the caller allows. */
export class RecordTooLargeError extends Error {
  override readonly name = "RecordTooLargeError"
  constructor(maxBytes: number) {
    super(`the record has more than ${maxBytes} bytes: raise maxBytes, or replay fewer segments`)
  }
}

/**
 * The verdict on a record. Its segments come in order. It is the same on every runtime, to the last bit. Rejects with a
 * `RecordTooLargeError`, or with the failure of a stream that is not compressed.
 */
export async function replayRecord(
  segments: Iterable<SegmentSource> | AsyncIterable<SegmentSource>,
  { maxBytes = MOST_BYTES, ...options }: ReplayOptions = {}
): Promise<Verdict> {
  const replay = new Replay(options)
  const budget = { left: maxBytes, whole: maxBytes }
  for await (const one of segments) {
    await feed(replay, one, budget)
    if (replay.done) break
  }
  return replay.verdict()
}

async function feed(
  replay: Replay,
  { segment, body, compressed = false }: SegmentSource,
  budget: { left: number; readonly whole: number }
): Promise<void> {
  replay.segment(segment)
  const reader = (compressed ? body.pipeThrough(gunzip()) : body).getReader()
  // A byte order mark is text like any other. To skip it would hide a change.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  /** The beginning of a line, in the pieces in which it came. */
  let rest: Array<Uint8Array> = []
  let intact = true
  try {
    for (let read = await reader.read(); !read.done && !replay.done; read = await reader.read()) {
      budget.left -= read.value.length
      if (budget.left < 0) throw new RecordTooLargeError(budget.whole)
      rest.push(read.value)
      if (read.value.includes(NEWLINE)) rest = [linesIn(joined(rest), decoder, (line) => replay.line(line))]
    }
  } catch (cause) {
    if (!compressed || cause instanceof RecordTooLargeError) throw cause
    intact = false
  } finally {
    // The verdict stands by now. A source that cannot be cancelled changes nothing of it.
    reader.cancel().catch(() => {})
  }
  replay.segmentEnd(decoder.decode(joined(rest)).length, intact)
}

function gunzip(): ReadableWritablePair<Uint8Array, Uint8Array> {
  return new DecompressionStream("gzip") as unknown as ReadableWritablePair<Uint8Array, Uint8Array>
}

function joined(pieces: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** Passes on the whole lines, and gives the rest. */
function linesIn(
  bytes: Uint8Array<ArrayBuffer>,
  decoder: TextDecoder,
  line: (text: string) => void
): Uint8Array<ArrayBuffer> {
  let start = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    line(decoder.decode(bytes.subarray(start, end)))
    start = end + 1
  }
  return bytes.slice(start)
}
