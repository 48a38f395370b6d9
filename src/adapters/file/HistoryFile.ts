/**
 * The history on disk: one small JSON file.
 *
 * - A write replaces the whole file: it writes another file beside it, flushes that, and renames it. A write that is cut short
 *   leaves the file as it was.
 * - A lock beside the file lets one process write. Other processes only read.
 * - A file that cannot be used is set aside, at most `MOST_ASIDE` of them, and a new one begins.
 * - No call here blocks the main thread. A disk that does not answer delays only the next write.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { newest } from "../../core/history.ts"
import type { HistoryRecord } from "../../core/model/History.ts"
import { HistoryRecordSchema } from "../../core/schema/History.ts"
import type { HistoryTrouble } from "../../shell/errors.ts"
import { HistoryError } from "../../shell/errors.ts"
import type { Found } from "../../shell/HistoryStore.ts"
import { HistoryStore } from "../../shell/HistoryStore.ts"
import { read } from "./calls.ts"
import { Disk, SilentDisk } from "./Disk.ts"
import type { Lock, Taken } from "./lock.ts"
import { isTaken, take } from "./lock.ts"
import { replace } from "./replace.ts"

export interface HistoryFileOptions {
  readonly path: string
  /** Records that are read at most; the ones measured last count. */
  readonly maxEntries: number
  /** A larger file is neither written nor read. */
  readonly maxBytes: number
  /** Time that the disk has for an answer. */
  readonly timeoutMs: number
}

const VERSION = 1
const MOST_ASIDE = 4

const decode = Schema.decodeUnknownResult(HistoryRecordSchema)

class HistoryFile {
  readonly #options: HistoryFileOptions
  readonly #disk: Disk
  /** `Lock`: this process has the lock. `Taken`: another process has it. undefined: not known yet. */
  #lock: Lock | Taken | undefined
  #written = ""
  /**
   * Writes follow one another, even when a caller has given up. One write is under way at most, and one waits with the latest
   * records.
   */
  #underWay: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | undefined
  #latest: ReadonlyArray<HistoryRecord> = []

  constructor(options: HistoryFileOptions) {
    this.#options = options
    this.#disk = new Disk(options.timeoutMs)
  }

  async load(): Promise<Found> {
    // A directory that cannot be locked may still be readable. The first write tries the lock again.
    const lock = await this.#locked().catch(() => undefined)
    const owned = lock !== undefined && isTaken(lock) ? this.#error("owned", holderOf(lock)) : null
    const text = await this.#disk.within(() => this.#read()).catch((cause) => {
      throw this.#failed("unreadable", cause)
    })
    if (text === undefined) return { records: [], dropped: 0, problem: owned }
    const read = typeof text === "string" ? parsed(text) : text.damage
    if (typeof read === "string") return { records: [], dropped: 0, problem: await this.#damaged(read) }
    const records = read.flatMap((one) => {
      const decoded = decode(one)
      return Result.isSuccess(decoded) ? [decoded.success] : []
    })
    return { records: newest(records, this.#options.maxEntries), dropped: read.length - records.length, problem: owned }
  }

  save(records: ReadonlyArray<HistoryRecord>): Promise<void> {
    this.#latest = records
    this.#waiting ??= this.#underWay.then(() => {
      this.#waiting = undefined
      const write = this.#save(this.#latest)
      this.#underWay = write.catch(() => {})
      return write
    })
    return this.#waiting
  }

  async release(): Promise<void> {
    // On a disk that does not answer the lock ends with the process.
    if (this.#lock !== undefined && !isTaken(this.#lock)) await this.#lock.release().catch(() => {})
  }

  async #locked(): Promise<Lock | Taken> {
    this.#lock ??= await take(`${this.#options.path}.lock`, this.#disk)
    return this.#lock
  }

  /** undefined: there is no file. */
  async #read(): Promise<string | { readonly damage: string } | undefined> {
    const { path, maxBytes } = this.#options
    try {
      const stat = await fsp.stat(path)
      // A read of a pipe would wait without an end.
      if (!stat.isFile()) throw Object.assign(new Error(), { code: "it is not a regular file" })
      if (stat.size > maxBytes) return { damage: `it has ${stat.size} bytes, and history.maxBytes allows ${maxBytes}` }
      return new TextDecoder().decode(await read(path))
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return undefined
      throw cause
    }
  }

  async #damaged(why: string): Promise<HistoryError> {
    if (this.#lock === undefined || isTaken(this.#lock)) return this.#error("damaged", why)
    const aside = await this.#disk.within(() => this.#aside()).catch((cause: unknown) =>
      `it stays in its place, as it cannot be renamed (${codeOf(cause)})`
    )
    return this.#error("damaged", `${why}; ${aside}`)
  }

  /** Moves the file to the first free name, or replaces the oldest file that was set aside. */
  async #aside(): Promise<string> {
    const locations = Array.from({ length: MOST_ASIDE }, (_, i) => `${this.#options.path}.damaged-${i + 1}`)
    const ages = await Promise.all(locations.map((location) => fsp.stat(location).then(({ mtimeMs }) => mtimeMs, () => -1)))
    const location = locations[ages.indexOf(Math.min(...ages))] as string
    await fsp.rename(this.#options.path, location)
    await fsp.utimes(location, new Date(), new Date()).catch(() => {})
    return `it is now ${path.basename(location)}`
  }

  async #save(records: ReadonlyArray<HistoryRecord>): Promise<void> {
    try {
      if (isTaken(await this.#locked())) return
      const text = textOf(records, this.#options.maxBytes)
      if (text === this.#written) return
      await this.#disk.within(() => replace(this.#options.path, text))
      this.#written = text
    } catch (cause) {
      throw this.#failed("unwritable", cause)
    }
  }

  #failed(what: HistoryTrouble, cause: unknown): HistoryError {
    if (cause instanceof SilentDisk) return this.#error("slow", `within ${this.#options.timeoutMs} ms`)
    return this.#error(what, codeOf(cause))
  }

  #error(what: HistoryTrouble, why: string): HistoryError {
    return new HistoryError({ what, path: this.#options.path, why })
  }
}

/** The records in a text. A string says why the text is no history. */
function parsed(text: string): ReadonlyArray<unknown> | string {
  try {
    const { version, records } = JSON.parse(text) as { readonly version?: unknown; readonly records?: unknown }
    if (version !== VERSION) return `its version is ${JSON.stringify(version)?.slice(0, 20)}, this program knows ${VERSION}`
    return Array.isArray(records) ? records : "it has no list of records"
  } catch {
    return "it is not JSON, or it was cut short"
  }
}

/** One record a line: the first ones, up to the size limit. */
function textOf(records: ReadonlyArray<HistoryRecord>, maxBytes: number): string {
  const [head, foot] = [`{"version":${VERSION},"records":[\n`, "\n]}\n"]
  const lines: Array<string> = []
  let bytes = head.length + foot.length
  for (const record of records) {
    const line = JSON.stringify(record)
    bytes += Buffer.byteLength(line) + 2
    if (bytes > maxBytes) break
    lines.push(line)
  }
  return head + lines.join(",\n") + foot
}

function holderOf({ owner }: Taken): string {
  return owner === undefined ? "another process" : `process ${owner}`
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}

const asError = (cause: unknown): HistoryError =>
  cause instanceof HistoryError ? cause : new HistoryError({ what: "unreadable", path: "", why: String(cause) })

export const layer = (options: HistoryFileOptions): Layer.Layer<HistoryStore> =>
  Layer.effect(
    HistoryStore,
    Effect.gen(function* () {
      const file = new HistoryFile(options)
      yield* Effect.addFinalizer(() => Effect.promise(() => file.release()))
      return HistoryStore.of({
        load: Effect.tryPromise({ try: () => file.load(), catch: asError }),
        save: (records) => Effect.tryPromise({ try: () => file.save(records), catch: asError })
      })
    })
  )
