/**
 * The record on disk.
 *
 * - Entries gather in memory. A fiber writes them at most `flushIntervalMs` late, so a crash loses no more than that.
 * - A segment that has grown to `segmentBytes` is closed, and compressed beside the writing (Compressor.ts). The next one begins
 *   with the whole state.
 * - Entries are dropped when a write fails, when the disk does not answer, and when more than `bufferBytes` wait. The segment
 *   then ends with a gap if the disk still takes one. As soon as the disk works again, a new segment begins with the state of
 *   that moment.
 * - A disk that fails from the start is treated alike.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"
import type { State } from "../../core/model/State.ts"
import type { BreakReason, Previous, Run } from "../../record/Segment.ts"
import { footerBody, gapBody, openingBodies } from "../../record/write.ts"
import { RecordError } from "../../shell/errors.ts"
import { Recorder } from "../../shell/Recorder.ts"
import { Compressor } from "./Compressor.ts"
import type { Disk } from "./Disk.ts"
import { makeDirectory } from "./makeDirectory.ts"
import type { SegmentFile } from "./segments.ts"
import { list, prune } from "./segments.ts"
import { SegmentWriter } from "./SegmentWriter.ts"

export interface FileRecorderOptions {
  readonly directory: string
  readonly disk: Disk
  readonly run: Run
  readonly segmentBytes: number
  readonly segments: number
  readonly maxAgeMs: number
  readonly bufferBytes: number
  readonly flushIntervalMs: number
}

/** Pause in ms before a disk that failed is tried again. It doubles up to the second figure. */
const RETRY_FIRST_MS = 100
const RETRY_MOST_MS = 30_000

/** What the writing fiber has to do, in order. */
type Work =
  | { readonly _tag: "begin"; readonly state: State; readonly after: BreakReason | null }
  | { readonly _tag: "lines"; readonly bodies: Array<string> }
  | { readonly _tag: "end"; readonly body: string; readonly seq: number }

class FileRecord {
  readonly #options: FileRecorderOptions
  readonly #wake = Latch.makeUnsafe(false)
  /** `close` and the writing fiber must not write at the same time. */
  readonly #alone = Semaphore.makeUnsafe(1)
  readonly #compressor: Compressor
  #work: Array<Work> = []
  #bufferedChars = 0
  #segmentChars = 0
  #latest: State | undefined
  #lost: BreakReason | undefined
  #writer: SegmentWriter | undefined
  #previous: Previous | null = null
  /** undefined until the directory could be read. */
  #nextSegment: number | undefined
  #from = -1
  #to = -1
  #gaps = 0
  /** Segments that earlier runs left plain. They wait for the first write of this run. */
  #plain: ReadonlyArray<SegmentFile>

  /** `existing` is undefined where the directory could not be read. */
  constructor(options: FileRecorderOptions, compressor: Compressor, existing: ReadonlyArray<SegmentFile> | undefined) {
    this.#options = options
    this.#compressor = compressor
    this.#nextSegment = existing === undefined ? undefined : nextAfter(existing)
    this.#plain = existing?.filter(({ compressed }) => !compressed) ?? []
  }

  readonly status = () => ({ from: this.#from, to: this.#to, gaps: this.#gaps })

  readonly begin = (state: State, after: BreakReason | null): void => {
    this.#latest = state
    this.#segmentChars = 0
    this.#work.push({ _tag: "begin", state, after })
    this.#wake.openUnsafe()
  }

  readonly append = (body: string, state: State): void => {
    this.#latest = state
    if (this.#lost !== undefined) return
    // One line may be larger than all the room that is left: the history of earlier runs is one line.
    if (this.#bufferedChars >= this.#options.bufferBytes) return this.#lose("slow")
    if (this.#from < 0) this.#from = state.seq
    this.#to = state.seq
    this.#bufferedChars += body.length
    this.#segmentChars += body.length
    const last = this.#work[this.#work.length - 1]
    if (last?._tag === "lines") last.bodies.push(body)
    else this.#work.push({ _tag: "lines", bodies: [body] })
    if (this.#segmentChars >= this.#options.segmentBytes) {
      this.#work.push({ _tag: "end", body: footerBody(state), seq: state.seq })
      this.begin(state, null)
    }
    this.#wake.openUnsafe()
  }

  readonly dump = (state: State, entryBody: string, message: string): void => {
    this.#work.push({ _tag: "end", body: gapBody("core-restarted", { entryBody, message }), seq: state.seq })
    this.#wake.openUnsafe()
  }

  /** Writes without an end. An interruption leaves the rest to `close`. */
  readonly writing: Effect.Effect<never> = Effect.suspend(() => {
    let retryMs = RETRY_FIRST_MS
    const pass = Effect.gen({ self: this }, function* () {
      yield* this.#wake.await
      this.#wake.closeUnsafe()
      const failure = yield* this.drain
      if (failure === undefined && this.#lost === undefined) {
        retryMs = RETRY_FIRST_MS
        this.#compressEarlier()
        return yield* Effect.sleep(this.#options.flushIntervalMs)
      }
      if (failure !== undefined) {
        yield* Effect.logWarning(`${failure.message}; the record has a gap until the disk takes writes again`)
        yield* Effect.sleep(retryMs)
        retryMs = Math.min(retryMs * 2, RETRY_MOST_MS)
      }
      // All before the loss is written or dropped, so the loss is over: a new segment begins with the state of now.
      const { reason, state } = { reason: this.#lost, state: this.#latest }
      this.#lost = undefined
      if (reason !== undefined && state !== undefined) this.begin(state, reason)
    })
    return Effect.forever(pass)
  })

  /** Writes all that waits. Gives the failure that stopped it. */
  readonly drain: Effect.Effect<RecordError | undefined> = Semaphore.withPermits(this.#alone, 1)(
    Effect.suspend(() =>
      Effect.matchEffect(Effect.tryPromise({ try: () => this.#drain(), catch: (cause) => this.#error(cause) }), {
        onSuccess: () => Effect.succeed(undefined),
        onFailure: (error) =>
          Effect.promise(async () => {
            this.#lose("disk")
            await this.#giveUp(gapBody("disk"))
            return error
          })
      })
    )
  )

  readonly close = (state: State): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.#lost === undefined) this.#work.push({ _tag: "end", body: footerBody(state), seq: state.seq })
      return Effect.flatMap(this.drain, () => {
        this.#compressEarlier()
        return this.#compressor.finish
      })
    })

  #compressEarlier(): void {
    this.#compressor.addUnsafe(this.#plain)
    this.#plain = []
  }

  async #drain(): Promise<void> {
    // What comes meanwhile waits for the next flush. Otherwise the disk would be written to without a pause under load.
    for (let left = this.#work.length; left > 0; left--) {
      const work = this.#work.shift() as Work
      if (work._tag === "begin") await this.#begin(work.state, work.after)
      else if (work._tag === "end") await this.#end(work.body, work.seq)
      else {
        for (const body of work.bodies) this.#bufferedChars -= body.length
        await this.#writer?.write(work.bodies)
      }
    }
  }

  async #begin(state: State, after: BreakReason | null): Promise<void> {
    const { directory, disk, run } = this.#options
    this.#nextSegment ??= await disk.within(() => firstIn(directory))
    const segment = this.#nextSegment++
    const writer = await SegmentWriter.open(disk, directory, segment)
    try {
      await writer.write(openingBodies({ run, segment, previous: after === null ? this.#previous : null, after, state }))
    } catch (cause) {
      // The opening did not fit on the disk, but a gap could. It would be the first line of its segment, so the segment goes.
      if (await writer.discard()) this.#nextSegment = segment
      throw cause
    }
    this.#writer = writer
    // The next segment or start tries again what cannot be removed now. That is no reason for a gap.
    const release = (one: number) => this.#compressor.release(one)
    await prune(directory, segment, this.#options, disk, release).catch(() => {})
  }

  async #end(body: string, seq: number): Promise<void> {
    const writer = this.#writer
    if (writer === undefined) return
    await writer.write([body])
    this.#previous = { segment: writer.segment, seq, chain: writer.chain }
    this.#writer = undefined
    // More lines follow, so this segment is no longer the last one.
    if (this.#work.length > 0) {
      this.#compressor.addUnsafe([{ segment: writer.segment, path: writer.path, compressed: false }])
    }
  }

  async #giveUp(gap: string): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.write([gap]).catch(() => {})
  }

  #lose(reason: BreakReason): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    this.#gaps++
    if (reason === "slow") this.#work.push({ _tag: "end", body: gapBody(reason), seq: this.#to })
    else {
      this.#work = []
      this.#bufferedChars = 0
    }
    this.#wake.openUnsafe()
  }

  #error(cause: unknown): RecordError {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    return new RecordError({ path: this.#options.directory, code, doing: "write" })
  }
}

const make = Effect.fnUntraced(function* (options: FileRecorderOptions) {
  const { directory, disk } = options
  const existing = yield* Effect.promise(() => disk.within(() => list(directory)).catch(() => undefined))
  const compressor = new Compressor(disk)
  const record = new FileRecord(options, compressor, existing)
  yield* Effect.forkScoped(record.writing)
  yield* Effect.forkScoped(compressor.running)
  yield* Effect.addFinalizer(() => Effect.sync(compressor.leaveUnsafe))
  return Recorder.of({
    beginUnsafe: record.begin,
    appendUnsafe: record.append,
    dumpUnsafe: record.dump,
    statusUnsafe: record.status,
    close: record.close
  })
})

/** For a directory that could not be read or made at the start. */
async function firstIn(directory: string): Promise<number> {
  await makeDirectory(directory)
  return nextAfter(await list(directory))
}

function nextAfter(existing: ReadonlyArray<SegmentFile>): number {
  return (existing[existing.length - 1]?.segment ?? 0) + 1
}

export const layer = (options: FileRecorderOptions): Layer.Layer<Recorder> => Layer.effect(Recorder, make(options))
