/**
 * Reports that a file has changed, in any way: written in place, replaced by rename as editors do, reached through a link that
 * was turned (mounted configurations), or gone and back.
 *
 * The system's notices for the directory make the report fast. A check every `pollMs` covers what notices miss: network file
 * systems, and a directory that was replaced. A change is reported once the file has been quiet for `quietMs`, and every
 * `latestMs` while it keeps changing. The first check counts as a change, so no change between reading and watching is lost.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { FSWatcher } from "node:fs"
import * as fs from "node:fs"
import * as path from "node:path"
import { Disk } from "../file/Disk.ts"
import { nowUs } from "./clock.ts"

export interface WatchOptions {
  readonly pollMs: number
  readonly quietMs: number
  readonly latestMs: number
  /** A disk that takes longer to answer says nothing about the file. */
  readonly silentMs: number
}

const DEFAULTS: WatchOptions = { pollMs: 2_000, quietMs: 100, latestMs: 1_000, silentMs: 5_000 }

/** Changes that the reader has not taken yet count as one. */
export const watchFile = (file: string, options: Partial<WatchOptions> = {}): Stream.Stream<void> =>
  Stream.callback<void>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => new FileWatch(file, { ...DEFAULTS, ...options }, () => void Queue.offerUnsafe(queue, undefined))),
        (watch) => Effect.sync(() => watch.close())
      ),
    { bufferSize: 1, strategy: "sliding" }
  )

/** A text that differs between two states of the file; empty: the file is absent. */
type Signature = string

export class FileWatch {
  readonly #file: string
  readonly #directory: string
  readonly #options: WatchOptions
  readonly #onChange: () => void
  readonly #disk: Disk
  readonly #poll: ReturnType<typeof setInterval>
  #reported: Signature | undefined
  #seen: Signature | undefined
  /** A notice named the file itself. So it has changed, even with the same signature (two writes within one tick). */
  #named = false
  #changingSinceUs = -1
  #timer: ReturnType<typeof setTimeout> | undefined
  #looking = false
  #polling = false
  #watcher: FSWatcher | undefined
  #watched: Signature = ""
  #closed = false

  constructor(file: string, options: WatchOptions, onChange: () => void) {
    this.#file = path.resolve(file)
    this.#directory = path.dirname(this.#file)
    this.#options = options
    this.#onChange = onChange
    this.#disk = new Disk(options.silentMs)
    this.#poll = setInterval(() => void this.#pollOnce(), options.pollMs)
    this.#poll.unref()
    void this.#pollOnce()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#poll)
    clearTimeout(this.#timer)
    this.#watcher?.close()
  }

  /** One check at a time, because each one would occupy a thread of the runtime while the disk is silent. */
  async #pollOnce(): Promise<void> {
    if (this.#polling) return
    this.#polling = true
    await this.#rearm()
    this.#polling = false
    if (this.#timer === undefined) await this.#look()
  }

  /** Watches the directory that has the name now. */
  async #rearm(): Promise<void> {
    const directory = await this.#answer(() => identityOf(this.#directory), this.#watched)
    if (this.#closed || (this.#watcher !== undefined && directory === this.#watched)) return
    this.#watcher?.close()
    this.#watcher = undefined
    if (directory === "") return
    try {
      const watcher = fs.watch(this.#directory, { persistent: false }, (_event, name) => this.#notice(name))
      watcher.on("error", () => {
        watcher.close()
        if (this.#watcher === watcher) this.#watcher = undefined
      })
      this.#watcher = watcher
      this.#watched = directory
    } catch {
      // There are no notices: too many watches, or the directory is gone again. The checks have to do.
    }
  }

  /** The disk's answer. Without one, the answer before. */
  #answer(call: () => Promise<Signature>, before: Signature): Promise<Signature> {
    return this.#disk.within(call).catch(() => before)
  }

  #notice(name: string | null): void {
    if (name === null || name === path.basename(this.#file)) this.#named = true
    this.#wait()
  }

  /** Checks once the file has been quiet, or `latestMs` is over. */
  #wait(): void {
    if (this.#closed) return
    if (this.#changingSinceUs < 0) this.#changingSinceUs = nowUs()
    clearTimeout(this.#timer)
    const leftMs = this.#options.latestMs - (nowUs() - this.#changingSinceUs) / 1000
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#look()
    }, Math.max(0, Math.min(this.#options.quietMs, leftMs)))
  }

  /** One read at a time: a disk that does not answer delays one read, not many. */
  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    const signature = await this.#answer(() => signatureOf(this.#file), this.#reported ?? "")
    this.#looking = false
    if (this.#closed || this.#timer !== undefined) return
    const first = this.#reported === undefined
    if (signature === this.#reported && !this.#named) {
      this.#changingSinceUs = -1
      return
    }
    const late = this.#changingSinceUs >= 0 && nowUs() - this.#changingSinceUs >= this.#options.latestMs * 1000
    if (signature !== this.#seen && !late && !first) {
      this.#seen = signature
      return this.#wait()
    }
    this.#seen = this.#reported = signature
    this.#named = false
    this.#changingSinceUs = -1
    if (signature !== "") this.#onChange()
  }
}

async function signatureOf(file: string): Promise<Signature> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await fs.promises.stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ")
  } catch {
    return ""
  }
}

async function identityOf(directory: string): Promise<Signature> {
  try {
    const { dev, ino } = await fs.promises.stat(directory, { bigint: true })
    return `${dev} ${ino}`
  } catch {
    return ""
  }
}
