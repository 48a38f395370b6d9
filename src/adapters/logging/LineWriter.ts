/**
 * Log lines to a file or a standard stream, behind the caller's back: taking a line never waits and never fails. What the
 * disk does not take in time is lost and counted, and a line says so once there is room again.
 *
 * A file is appended to by its name, and made for its owner alone, so one that was moved away (logrotate) gets a successor by
 * itself, at the latest with the next line.
 */
import { Buffer } from "node:buffer"
import { append } from "../file/calls.ts"
import { Disk } from "../file/Disk.ts"
import { writeStandard } from "./writeStandard.ts"

/** A standard stream by its descriptor, or a file by its path. */
export type Target = 1 | 2 | string

export interface LineWriterOptions {
  readonly target: Target
  /** Bytes that may wait for the disk. */
  readonly buffer: number
  /** How long a file's disk may keep silent, in ms. */
  readonly timeoutMs: number
  /** Told once when lines begin to be lost because the target fails. */
  readonly onFailure: (message: string) => void
  /** The line that tells how many were lost. */
  readonly lostLine: (lines: number) => string
}

const RETRY_MS = 1_000

export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #disk: Disk
  #waiting: Array<string> = []
  #waitingBytes = 0
  #lost = 0
  #writing = false
  #failed = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #idle: Array<() => void> = []

  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#disk = new Disk(options.timeoutMs)
  }

  /** Takes one line, without its end. */
  take(line: string): void {
    const bytes = Buffer.byteLength(line) + 1
    if (this.#waitingBytes + bytes > this.#options.buffer) {
      this.#lost++
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += bytes
    this.#start()
  }

  /** Looks at the file's name now, and opens a new one if it was moved away. */
  reopen(): void {
    this.#start()
  }

  /** When everything taken so far is written, or given up after `withinMs`. */
  async flush(withinMs: number): Promise<void> {
    if (!this.#writing && this.#waiting.length === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)))
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve))
    await Promise.race([idle, late])
    clearTimeout(timer)
  }

  /** The last lines. */
  async close(withinMs: number): Promise<void> {
    await this.flush(withinMs)
    clearTimeout(this.#retry)
  }

  #start(): void {
    if (this.#writing || this.#retry !== undefined) return
    this.#writing = true
    void this.#drain().then(() => {
      this.#writing = false
      if (this.#waiting.length > 0) return this.#start()
      for (const tell of this.#idle.splice(0)) tell()
    })
  }

  /** Writes what waits until nothing does or the target fails. */
  async #drain(): Promise<void> {
    do {
      let lines: Array<string> = []
      try {
        // Shows that the file can be had, and makes it: until then lines wait.
        await this.#write("")
        lines = this.#waiting
        this.#waiting = []
        this.#waitingBytes = 0
        if (lines.length > 0) await this.#write(`${lines.join("\n")}\n`)
        this.#failed = false
        if (this.#lost > 0) {
          this.#waiting.unshift(this.#options.lostLine(this.#lost))
          this.#lost = 0
        }
      } catch (cause) {
        this.#lost += lines.length
        return this.#rest(cause)
      }
    } while (this.#waiting.length > 0)
  }

  #rest(cause: unknown): void {
    if (!this.#failed) this.#options.onFailure(`log ${this.#options.target}: cannot write: ${codeOf(cause)}; lines are lost`)
    this.#failed = true
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#start()
    }, RETRY_MS)
    this.#retry.unref()
    for (const tell of this.#idle.splice(0)) tell()
  }

  #write(text: string): Promise<void> {
    const { target } = this.#options
    if (typeof target === "number") return writeStandard(target, Buffer.from(text))
    return this.#disk.within(() => append(target, Buffer.from(text)))
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}
