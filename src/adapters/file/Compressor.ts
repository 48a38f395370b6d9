/**
 * Compresses closed segments, one after the other, beside the writing: a long segment takes seconds, and entries must not wait
 * for it. A stop waits as long as for one answer of the disk; the next run does what is left.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Disk } from "./Disk.ts"
import type { SegmentFile } from "./segments.ts"
import { compress, isGone } from "./segments.ts"

/** A compression under way. */
interface Current {
  readonly segment: number
  readonly abort: AbortController
  readonly ended: Promise<void>
}

export class Compressor {
  readonly #disk: Disk
  readonly #wake = Latch.makeUnsafe(false)
  readonly #idle = Latch.makeUnsafe(true)
  #queue: Array<SegmentFile> = []
  #current: Current | undefined
  #isLeaving = false

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Compresses these after those that wait. */
  addUnsafe(files: ReadonlyArray<SegmentFile>): void {
    if (files.length === 0 || this.#isLeaving) return
    this.#queue.push(...files)
    this.#idle.closeUnsafe()
    this.#wake.openUnsafe()
  }

  /** Gives up this segment, which is about to be removed. Resolves when no compression uses it. */
  async release(segment: number): Promise<void> {
    this.#queue = this.#queue.filter((file) => file.segment !== segment)
    if (this.#current?.segment !== segment) return
    this.#current.abort.abort()
    await this.#current.ended
  }

  /** Works without an end. An interruption waits for the segment under way, which `leaveUnsafe` cuts short. */
  readonly running: Effect.Effect<never> = Effect.suspend(() =>
    Effect.forever(Effect.andThen(this.#wake.await, Effect.uninterruptible(this.#all)))
  )

  /** Waits until all are compressed, as long as for one answer of the disk. */
  readonly finish: Effect.Effect<void> = Effect.suspend(() =>
    Effect.asVoid(Effect.timeoutOption(this.#idle.await, this.#disk.withinMs))
  )

  /** Ends the work within one call to the disk. */
  readonly leaveUnsafe = (): void => {
    this.#isLeaving = true
    this.#queue = []
    this.#current?.abort.abort()
  }

  readonly #all: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    this.#wake.closeUnsafe()
    for (let file = this.#queue.shift(); file !== undefined; file = this.#queue.shift()) yield* this.#one(file)
    this.#idle.openUnsafe()
  })

  #one(file: SegmentFile): Effect.Effect<void> {
    return Effect.promise(() => {
      const abort = new AbortController()
      const done = compress(file, this.#disk, abort.signal).catch((cause) => {
        // A segment that is gone was one too many.
        if (!abort.signal.aborted && !isGone(cause)) throw cause
      })
      this.#current = { segment: file.segment, abort, ended: done.catch(() => {}) }
      return done.finally(() => (this.#current = undefined))
    }).pipe(
      Effect.catchCause((cause) =>
        Effect.logWarning(
          `segment ${file.segment} could not be compressed and stays plain; the next start tries again`,
          cause
        )
      )
    )
  }
}
