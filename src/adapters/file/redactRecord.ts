/** Writes a redacted copy of a record into a directory of its own, line by line. When that fails, nothing of the copy stays. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import type { Surveyor } from "../../record/redact.ts"
import { agrees, Redaction } from "../../record/redact.ts"
import type { Replaced } from "../../record/redactNames.ts"
import { Pseudonyms } from "../../record/redactNames.ts"
import { Replay } from "../../record/replay.ts"
import type { Verdict } from "../../record/Verdict.ts"
import { RecordError } from "../../shell/errors.ts"
import type { LineReader } from "./readRecord.ts"
import { feed, read } from "./readRecord.ts"
import type { SegmentFile } from "./segments.ts"
import { compress, list } from "./segments.ts"
import { Disk } from "./Disk.ts"
import { SegmentWriter } from "./SegmentWriter.ts"

export interface Redacted {
  readonly replaced: Replaced
  /** The verdict on the copy, read again from the disk. */
  readonly verdict: Verdict
}

/** Called with the file at hand and the number of bytes read of it. */
export type Progress = (doing: "redacting" | "verifying the copy", file: SegmentFile, bytes: number) => void

/** Whether a copy may be written to a path: it has to be absent, or an empty directory. */
export const roomAt = (out: string): Effect.Effect<"absent" | "empty" | "taken", RecordError> =>
  Effect.tryPromise({
    try: async () => {
      try {
        return (await fsp.readdir(out)).length === 0 ? "empty" as const : "taken" as const
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException
        if (code === "ENOENT") return "absent" as const
        if (code === "ENOTDIR") return "taken" as const
        throw cause
      }
    },
    catch: (cause) => failure(out, "open", cause)
  })

/**
 * Copies `files` to `out`, and verifies the copy. `surveyed` has read and verified the files; `roomAt` has found `out` free.
 */
export const redactTo = (
  out: string,
  files: ReadonlyArray<SegmentFile>,
  surveyed: Surveyor,
  progress: Progress
): Effect.Effect<Redacted, RecordError> => {
  const names = new Pseudonyms(surveyed.survey)
  const copy = Effect.gen(function* () {
    yield* written((signal) => copyAll(out, files, surveyed.lines, new Redaction(names), progress, signal))
    const verdict = yield* verify(out, progress)
    if (!agrees(surveyed.verdict(), verdict, names)) {
      return yield* new RecordError({
        path: out,
        code: "the verdict on the copy differs from that on the record",
        doing: "write"
      })
    }
    return { replaced: names.replaced, verdict }
  })
  return Effect.acquireUseRelease(
    claim(out),
    () => copy,
    (made, exit) => Exit.isSuccess(exit) ? Effect.void : Effect.promise(() => abandon(out, made))
  )
}

/** Whether the directory had to be made. */
const claim = (out: string): Effect.Effect<boolean, RecordError> =>
  Effect.tryPromise({
    try: async () => {
      try {
        await fsp.mkdir(out, { mode: 0o700 })
        return true
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
        if ((await fsp.readdir(out)).length > 0) throw Object.assign(new Error(), { code: "it is no longer empty" })
        return false
      }
    },
    catch: (cause) => failure(out, "open", cause)
  })

async function abandon(out: string, made: boolean): Promise<void> {
  // The directory was empty at the beginning, so it holds only segments and partly compressed ones.
  const names = made ? [] : await fsp.readdir(out)
  for (const name of names) {
    if (/^\d+\.ndjson(\.gz(\.tmp)?)?$/.test(name)) await fsp.rm(path.join(out, name), { force: true })
  }
  if (made) await fsp.rm(out, { recursive: true, force: true })
}

/** Runs `write`. An interruption waits until it has stopped, so that nothing is written after the cleanup. */
const written = (write: (signal: AbortSignal) => Promise<void>): Effect.Effect<void, RecordError> =>
  Effect.callback((resume, signal) => {
    const ended = write(signal).then(
      () => resume(Effect.void),
      (cause) => resume(cause instanceof RecordError ? Effect.fail(cause) : Effect.die(cause))
    )
    return Effect.promise(() => ended)
  })

/** A person waits for this command, so the disk has more time. */
const SILENT_MS = 60_000

async function copyAll(
  out: string,
  files: ReadonlyArray<SegmentFile>,
  lines: ReadonlyArray<number>,
  redaction: Redaction,
  progress: Progress,
  signal: AbortSignal
): Promise<void> {
  const disk = new Disk(SILENT_MS)
  // Segments that were not replayed have no count.
  for (const [i, most] of lines.entries()) {
    const file = files[i] as SegmentFile
    const writer = await SegmentWriter.open(disk, out, file.segment).catch(failedTo("write", out))
    const copier = new Copier(redaction, writer, file.path, most)
    await read(copier, file, (bytes) => progress("redacting", file, bytes), signal).catch(failedTo("read", file.path))
    await copier.digested()
    redaction.segmentEnd(writer.chain)
    if (file.compressed) await compress({ ...file, path: writer.path }, disk, signal).catch(failedTo("write", out))
  }
}

/** Between a segment that is read and its copy. */
class Copier implements LineReader {
  readonly #redaction: Redaction
  readonly #writer: SegmentWriter
  readonly #source: string
  #left: number
  #pending: Array<Iterable<string>> = []

  constructor(redaction: Redaction, writer: SegmentWriter, source: string, lines: number) {
    this.#redaction = redaction
    this.#writer = writer
    this.#source = source
    this.#left = lines
  }

  get done(): boolean {
    return this.#left === 0
  }

  segment(segment: number): void {
    this.#redaction.segment(segment)
  }

  line(text: string): void {
    if (this.done) return
    this.#left--
    const bodies = this.#redaction.line(text)
    if (bodies === undefined) throw this.#changed()
    this.#pending.push(bodies)
  }

  segmentEnd(): void {
    if (!this.done) throw this.#changed()
  }

  async digested(): Promise<void> {
    const bodies = this.#pending
    this.#pending = []
    await this.#writer.write(eachOf(bodies)).catch(failedTo("write", this.#writer.path))
  }

  #changed(): RecordError {
    return new RecordError({
      path: this.#source,
      code: "it was changed after it had been verified: try again",
      doing: "read"
    })
  }
}

function* eachOf(bodies: ReadonlyArray<Iterable<string>>): Generator<string> {
  for (const some of bodies) yield* some
}

const verify = Effect.fnUntraced(function* (out: string, progress: Progress) {
  const replay = new Replay()
  const files = yield* Effect.tryPromise({ try: () => list(out), catch: (cause) => failure(out, "read", cause) })
  for (const file of files) yield* feed(replay, file, (bytes) => progress("verifying the copy", file, bytes))
  return replay.verdict()
})

function failure(at: string, doing: RecordError["doing"], cause: unknown): RecordError {
  if (cause instanceof RecordError) return cause
  return new RecordError({ path: at, code: (cause as NodeJS.ErrnoException).code ?? String(cause), doing })
}

function failedTo(doing: RecordError["doing"], at: string) {
  return (cause: unknown): never => {
    throw failure(at, doing, cause)
  }
}
